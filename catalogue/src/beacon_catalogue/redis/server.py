"""A Redis server under test: connections, raw replies, settings that are put back, our keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, TlsPeer

#: Before every key we make. Unusual on purpose: whatever has it is deleted.
#: The braces keep them together in a cluster.
PREFIX = "{beacon:check}:"

_DELETED_AT_ONCE = 500
#: Enough for ten million keys.
_SCANS = 10_000


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, password: str | None = None) -> None:
        self.peer = peer
        self.password = password

    def client(self, database: int = 0) -> Redis:
        """A client that replies as the protocol does: bytes, integers, lists; no retries.

        redis-py turns replies into its own types, differently from version to version.
        """
        client = Redis(
            host=self.peer.address,
            port=self.peer.port,
            db=database,
            password=self.password,
            ssl=isinstance(self.peer, TlsPeer),
            ssl_cert_reqs="none",
            ssl_check_hostname=False,
            protocol=2,
            socket_timeout=self.peer.deadline.wait(),
            socket_connect_timeout=self.peer.deadline.wait(),
            retry=Retry(NoBackoff(), 0),
        )
        client.response_callbacks.clear()
        return client

    def clean(self) -> str:
        """Delete our keys, those of an interrupted run too, also from a snapshot that has them."""
        with self.client() as client:
            # After a failed save, Redis refuses all writes, deletions too.
            with changed(client, "stop-writes-on-bgsave-error", "no"):
                count = delete_ours(client)
            if count:
                with suppress(RedisError):  # a read-only disk has no snapshot of ours
                    call(client, "SAVE")
        return "no key left"


def call(client: Redis, *command: str | bytes | int) -> Any:
    """Send one command; its raw reply. redis.ResponseError if the server answers with an error."""
    return client.execute_command(*command)  # type: ignore[no-untyped-call]


def expect(actual: object, expected: object, what: str) -> None:
    """AnswerError that names `what` unless both are equal."""
    if actual != expected:
        raise AnswerError(f"{what}: {_brief(actual)} instead of {_brief(expected)}")


def _brief(reply: object) -> str:
    text = repr(reply)
    return text if len(text) <= 80 else f"{text[:80]}…"


def key(name: str) -> str:
    """Our key of this name."""
    return PREFIX + name


def ours(client: Redis) -> list[bytes]:
    """All our keys in the client's database; AnswerError if a scan of it has no end."""
    names: set[bytes] = set()
    cursor = b"0"
    for _ in range(_SCANS):
        cursor, found = call(client, "SCAN", cursor, "MATCH", f"{PREFIX}*", "COUNT", 1000)
        names.update(found)
        if cursor == b"0":
            return sorted(names)
    raise AnswerError("SCAN does not come to an end")


def delete_ours(client: Redis) -> int:
    """Delete all our keys, and nothing else, in the client's database; how many there were."""
    names = ours(client)
    for start in range(0, len(names), _DELETED_AT_ONCE):
        call(client, "DEL", *names[start : start + _DELETED_AT_ONCE])
    return len(names)


def setting(client: Redis, name: str) -> bytes:
    """A setting's value as Redis tells it."""
    pair = call(client, "CONFIG", "GET", name)
    if len(pair) != 2:
        raise AnswerError(f"the server has no setting {name}")
    return bytes(pair[1])


@contextmanager
def changed(client: Redis, name: str, value: str) -> Iterator[None]:
    """Give a setting a value for a while, then put the old one back."""
    old = setting(client, name)
    call(client, "CONFIG", "SET", name, value)
    try:
        yield
    finally:
        call(client, "CONFIG", "SET", name, old)


def facts(client: Redis, section: str) -> dict[str, str]:
    """A section of INFO."""
    lines = bytes(call(client, "INFO", section)).decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def until(condition: Callable[[], bool], server: Server, what: str, seconds: float = 8.0) -> None:
    """Wait until `condition` holds; AnswerError that names `what` if that takes too long."""
    end = time.monotonic() + server.peer.deadline.left(seconds)
    while not condition():
        if time.monotonic() >= end:
            raise AnswerError(f"{what} did not end within {seconds:.0f} seconds")
        time.sleep(0.05)
