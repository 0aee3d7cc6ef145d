"""Clients of a protocol of lines that are slow, many, broken or gone; the server serves on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.lines import ClosedError, Lines, LineServer
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite

#: Few at once: Courier serves four clients of one address.
_CLIENTS, _THREADS, _SILENT = 24, 3, 3
_PATIENCE = 0.3
_PAUSES = (0.1, 0.3, 0.6)
_GARBAGE = (
    b"\r\n" * 3,
    b"\0" * 100 + b"\r\n",
    b"\xff\xfe\xfd\x80" * 50 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"no end of a line",
    b"%s%n%x " * 20 + b"\r\n",
)
_LONG = b"x" * (96 << 10) + b"\r\n"


@dataclass(frozen=True, kw_only=True)
class LineProtocol:
    """How the protocol begins, what every server takes at any time, and how it ends.

    `greeting`, `answer` and `parting` are how the last line of what is said begins.
    """

    greeting: re.Pattern[bytes]
    command: bytes
    answer: re.Pattern[bytes]
    farewell: bytes
    parting: re.Pattern[bytes]


def suite(protocol: LineProtocol) -> Suite[LineServer]:
    """The checks that hold for each such protocol; names and values are the same for all."""
    checks: dict[str, Callable[[LineProtocol, LineServer], str]] = {
        "slow client": _slow,
        "parallel clients": _crowd,
        "silent clients": _silent,
        "half-closed connection": _half_closed,
        "broken-off clients": _broken_off,
        "garbage": _garbage,
        "too long line": _long,
    }
    return Suite.of({name: partial(check, protocol) for name, check in checks.items()})


def visit(protocol: LineProtocol, server: LineServer) -> None:
    """Be greeted, ask for something, and leave; AnswerError or OSError unless all goes well."""
    with _greeted(protocol, server) as line:
        line.send(protocol.command + b"\r\n")
        _first(line, protocol.answer, protocol.command)
        _leave(protocol, line)


@contextmanager
def _greeted(protocol: LineProtocol, server: LineServer) -> Iterator[Lines]:
    """A connection that was greeted; where one was shown out, another one a moment later.

    Servers limit the clients of one address, and the last ones may still count.
    """
    with ExitStack() as stack:
        for pause in _PAUSES:
            line = stack.enter_context(server.lines())
            try:
                line.until(protocol.greeting)
                break
            except ClosedError:
                time.sleep(pause)
        else:
            line = stack.enter_context(server.lines())
            line.until(protocol.greeting)
        yield line


def _first(line: Lines, expected: re.Pattern[bytes], command: bytes) -> None:
    said = line.line()
    if not expected.match(said):
        raise AnswerError(f"the answer to {command!r}: {said[:60]!r}")


def _leave(protocol: LineProtocol, line: Lines) -> None:
    line.send(protocol.farewell + b"\r\n")
    line.until(protocol.parting)
    if not line.is_closed():
        raise AnswerError(f"the connection is open after {protocol.farewell!r}")


def _slow(protocol: LineProtocol, server: LineServer) -> str:
    """Words that come byte by byte, as over a bad line."""
    with _greeted(protocol, server) as line:
        for byte in protocol.command:
            line.send(bytes((byte,)))
            time.sleep(0.01)
        line.send(b"\r\n")  # in one piece: ProFTPD waits for ever when it is torn
        _first(line, protocol.answer, protocol.command)
        _leave(protocol, line)
    return "served"


def _crowd(protocol: LineProtocol, server: LineServer) -> str:
    at_once(lambda _: visit(protocol, server), _CLIENTS, _THREADS)
    return str(_CLIENTS)


def _silent(protocol: LineProtocol, server: LineServer) -> str:
    """Clients that hold a connection and say nothing, while another one is served."""
    with ExitStack() as stack:
        for _ in range(_SILENT):
            stack.enter_context(_greeted(protocol, server))
        visit(protocol, server)
    return "served beside them"


def _half_closed(protocol: LineProtocol, server: LineServer) -> str:
    """A client that ends its half: the server may answer, but must let go."""
    with _greeted(protocol, server) as line:
        line.send(protocol.command + b"\r\n")
        line.half_close()
        if not line.is_closed():
            raise AnswerError("the connection is still open after the client's half is closed")
    visit(protocol, server)
    return "let go"


def _broken_off(protocol: LineProtocol, server: LineServer) -> str:
    for piece in (b"", protocol.command[:3], protocol.command + b"\r\n"):
        reset(server.peer, piece)
    visit(protocol, server)
    return "serves on"


def _garbage(protocol: LineProtocol, server: LineServer) -> str:
    """What is no command at all is answered or shown out; a few clients end each by themselves."""
    for piece in _GARBAGE:
        exchange(server.peer, [piece], patience=_PATIENCE)
    visit(protocol, server)
    return "serves on"


def _long(protocol: LineProtocol, server: LineServer) -> str:
    # It may hang up in the midst of it.
    with _greeted(protocol, server) as line, suppress(OSError):
        line.send(_LONG)
    visit(protocol, server)
    return "serves on"
