"""A memcached server under test: how it wants to be spoken to, our keys, its statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from pymemcache.client.base import Client

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon_catalogue.memcached import packet
from beacon_catalogue.memcached.line import Line, open_line
from beacon_catalogue.memcached.manner import Manner

#: Before every key we make. Unusual on purpose: whatever has it is deleted.
PREFIX = "beacon:check:"

_DUMPS = 50


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, manner: Manner, environment: Mapping[str, str]) -> None:
        self.peer = peer
        self.manner = manner
        self.account = account(environment)
        self._used: set[str] = set()

    def key(self, name: str) -> str:
        """Our key of this name; it is deleted at the end."""
        self._used.add(PREFIX + name)
        return PREFIX + name

    def stranger(self) -> Line:
        """A new connection that has not said who it is."""
        return open_line(self.peer, tls=self.manner.tls)

    def line(self) -> Line:
        """A new connection; with an account it is logged in."""
        line = self.stranger()
        if self.account is not None:
            login(line, *self.account, text=self.manner.text)
        return line

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client of pymemcache whose connection is one of ours."""
        client = Client((self.peer.address, self.peer.port), default_noreply=False)
        client.sock = self.line()
        try:
            yield client
        finally:
            client.close()

    def clean(self) -> str:
        """Delete our keys, those of an interrupted run too."""
        with self.line() as line:
            names = {*self._used, *(left_over(line) if self.manner.text else ())}
            delete = _delete_text if self.manner.text else _delete_binary
            delete(line, sorted(names))
        return "no key left"


def account(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """The name and password that clients need. The server knows no variables of its own."""
    name = environment.get("MEMCACHED_USERNAME")
    return (name, environment.get("MEMCACHED_PASSWORD", "")) if name else None


def login(line: Line, name: str, password: str, *, text: bool) -> None:
    """Say who we are; AnswerError if that is refused."""
    if text:
        content = f"{name} {password}".encode()
        reply = line.ask(b"set auth 0 0 %d\r\n%s" % (len(content), content))
        expect(reply, b"STORED", "the login")
    else:
        content = f"\0{name}\0{password}".encode()
        expect(packet.call(line, packet.SASL_AUTH, b"PLAIN", content).status, 0, "the login")


def _delete_text(line: Line, names: Iterable[str]) -> None:
    line.sendall(b"".join(b"delete %s noreply\r\n" % name.encode() for name in names))
    line.ask(b"mn", b"MN\r\n")


def _delete_binary(line: Line, names: Iterable[str]) -> None:
    for name in names:
        packet.call(line, packet.DELETE, name.encode())


def expect(actual: object, expected: object, what: str) -> None:
    """AnswerError that names `what` unless both are equal."""
    if actual != expected:
        raise AnswerError(f"{what}: {_brief(actual)} instead of {_brief(expected)}")


def _brief(reply: object) -> str:
    text = repr(reply)
    return text if len(text) <= 80 else f"{text[:80]}…"


def facts(line: Line, kind: str = "") -> dict[str, str]:
    """A kind of statistics, as text."""
    content = line.ask(f"stats {kind}".rstrip().encode(), b"END\r\n")
    words = (row.split(" ", 2) for row in content.decode("utf-8", "replace").splitlines())
    return {row[1]: row[2] for row in words if len(row) == 3 and row[0] == "STAT"}


def all_keys(line: Line) -> list[str] | None:
    """The keys of all items; None where the server has been told not to list them."""
    for _ in range(_DUMPS):
        line.sendall(b"lru_crawler metadump all\r\n")
        first = line.until(b"\n")
        if first.startswith(b"BUSY"):
            time.sleep(0.1)
            continue
        if first.startswith((b"ERROR", b"CLIENT_ERROR")):
            return None
        content = first if first.startswith(b"END") else first + line.until(b"END\r\n")
        rows = content.decode("ascii", "replace").splitlines()
        return [row[4:].split(" ")[0] for row in rows if row.startswith("key=")]
    raise AnswerError("the LRU crawler is busy for ever")


def encoded(name: str) -> str:
    """A key of ours as lists and logs have it."""
    return name.replace(":", "%3A")


def left_over(line: Line) -> list[str]:
    """Our keys among all keys."""
    found = (name for name in all_keys(line) or () if name.startswith(encoded(PREFIX)))
    return [name.replace("%3A", ":") for name in found]


def put(line: Line, name: str, content: bytes) -> None:
    """Store `content`; AnswerError if that is refused."""
    expect(
        line.ask(f"set {name} 0 0 {len(content)}".encode() + b"\r\n" + content), b"STORED", "set"
    )


def until(condition: Callable[[], bool], server: Server, what: str, seconds: float = 5.0) -> None:
    """Wait until `condition` holds; AnswerError that names `what` if that takes too long."""
    end = time.monotonic() + server.peer.deadline.left(seconds)
    while not condition():
        if time.monotonic() >= end:
            raise AnswerError(f"{what} did not happen within {seconds:.0f} seconds")
        time.sleep(0.05)
