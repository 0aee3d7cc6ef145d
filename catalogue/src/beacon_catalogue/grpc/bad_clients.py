"""Calls that fail as they must, many at once, and clients that misbehave."""

from __future__ import annotations

import gzip
import socket

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.grpc import HEALTH_CALL, proto
from beacon_catalogue.grpc.call import OK, UNIMPLEMENTED
from beacon_catalogue.grpc.services import HEALTH, MISSING, OFF, Server

SUITE = Suite[Server]()

_CALLS, _CLIENTS, _AT_ONCE = 50, 24, 8
_LARGE = 2 << 20
_PREFACE, _FRAMES = HEALTH_CALL[:24], HEALTH_CALL[24:]
#: Not a status of a call that is none: some answer by HTTP's own.
_REFUSALS = (3, 5, 8, 11, 12, 13)


@SUITE.check("missing service")
def _missing_service(server: Server) -> str:
    server.serves()
    return "unimplemented"


@SUITE.check("missing method")
def _missing_method(server: Server) -> str:
    with server.connection() as connection:
        expect(connection.ask(f"{HEALTH}/Beacon", b"").status, UNIMPLEMENTED, "the status")
    return "unimplemented"


@SUITE.check("broken message")
def _broken(server: Server) -> str:
    """Bytes that are not a message of the method; some servers take them as unknown fields."""
    with server.connection() as connection:
        call = connection.ask(f"{HEALTH}/Check", b"\x0a\xff\xff\xff\xff\x0f")
        if call.status == UNIMPLEMENTED:
            return OFF
        if call.status == OK:
            raise AnswerError("a broken message was answered as if it were right")
        connection.ask(f"{MISSING}/Call", b"")
    return f"status {call.status}"


@SUITE.check("metadata")
def _metadata(server: Server) -> str:
    sent = {"x-beacon": "check", "x-beacon-bin": "AAEC/w", "user-agent": "beacon"}
    with server.connection() as connection:
        plain = connection.ask(f"{HEALTH}/Check", b"")
        told = connection.ask(f"{HEALTH}/Check", b"", sent)
    expect((told.status, told.messages), (plain.status, plain.messages), "the answer")
    return "taken"


@SUITE.check("compressed message")
def _compressed(server: Server) -> str:
    with server.connection() as connection:
        call = connection.begin(f"{HEALTH}/Check", {"grpc-encoding": "gzip"})
        connection.say(call, gzip.compress(b""), packed=True)
        connection.wait([call])
        plain = connection.ask(f"{HEALTH}/Check", b"")
    if call.status == UNIMPLEMENTED:
        return OFF
    expect((call.status, call.messages), (plain.status, plain.messages), "the answer")
    return "taken"


@SUITE.check("large message")
def _large(server: Server) -> str:
    """A name of 2 MiB; the server may say that it is too long, or does not exist."""
    with server.connection() as connection:
        call = connection.begin(f"{HEALTH}/Check")
        connection.say(call, proto.text(1, "x" * _LARGE))
        connection.wait([call])
        if call.reset is None:
            expect(call.status in _REFUSALS, True, "a refusal")
        connection.ask(f"{MISSING}/Call", b"")
    return "refused"


@SUITE.check("calls at once")
def _calls(server: Server) -> str:
    """On one connection, all begun before the first has its message."""
    with server.connection() as connection:
        calls = [connection.begin(f"{HEALTH}/Check") for _ in range(_CALLS)]
        for call in reversed(calls):
            connection.say(call, b"")
        connection.wait(calls)
    answers = {(call.status, *call.messages) for call in calls}
    expect(len(answers), 1, "different answers to the same call")
    return str(_CALLS)


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str:
    at_once(lambda _: server.serves(), _CLIENTS, _AT_ONCE)
    return str(_CLIENTS)


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    pieces = [HEALTH_CALL[start : start + 8] for start in range(0, len(HEALTH_CALL), 8)]
    reply = exchange(server.peer, pieces, pause=0.02, patience=1.0)
    if not reply.content[3:5] == b"\x04\x00":
        raise AnswerError("a slow client was not answered by HTTP/2")
    return "answered"


@SUITE.check("malformed frames")
def _malformed(server: Server) -> str:
    broken = {
        "another protocol": b"\x00\xff beacon \xfe\r\n\r\n" * 8,
        "a huge frame": _PREFACE + b"\xff\xff\xff\x04\x00\x00\x00\x00\x00" + b"x" * 64,
        "settings of no size": _PREFACE + b"\x00\x00\x05\x04\x00\x00\x00\x00\x00" + b"x" * 5,
        "headers that cannot be read": _PREFACE
        + _FRAMES[:9]
        + b"\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff",
    }
    for piece in broken.values():
        exchange(server.peer, [piece], patience=0.5)
        server.serves()
    return f"{len(broken)} survived"


@SUITE.check("half-closed client")
def _half_closed(server: Server) -> str:
    with server.peer.connect() as connection:
        connection.sendall(HEALTH_CALL)
        connection.shutdown(socket.SHUT_WR)
    server.serves()
    return "survived"


@SUITE.check("reset")
def _reset(server: Server) -> str:
    for piece in (b"", _PREFACE, HEALTH_CALL[:60], HEALTH_CALL):
        reset(server.peer, piece)
    server.serves()
    return "survived"
