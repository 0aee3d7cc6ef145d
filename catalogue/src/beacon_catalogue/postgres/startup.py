"""What no client library sends: broken first messages, strange versions, slow and rude clients."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.packets import CANCEL, PROTOCOL, error_state, first, message, startup
from beacon_catalogue.postgres.server import OURS, Server, alive

SUITE = Suite[Server]()

#: First messages that are none, and the SQLSTATE that they may be answered with.
_BROKEN: Mapping[str, tuple[bytes, str]] = {
    "too short": (struct.pack("!I", 3), ""),
    "too long": (struct.pack("!II", 1 << 30, PROTOCOL), ""),
    "of an old protocol": (startup("x", "x", protocol=1 << 16), ""),
    "of a later protocol": (startup("x", "x", protocol=99 << 16), "0A000"),
    "without an end": (first(PROTOCOL, b"user\0beacon"), "08P01"),
    "without a user": (first(PROTOCOL, b"database\0x\0\0"), "28000"),
    "of HTTP": (b"GET / HTTP/1.1\r\nHost: beacon\r\n\r\n", ""),
}


@SUITE.check("broken first messages")
def _broken(server: Server) -> str:
    for name, (content, state) in _BROKEN.items():
        reply = exchange(server.peer, [content], patience=1.0)
        expect(error_state(reply.content), state, f"a first message {name}")
        if not reply.closed:
            raise AnswerError(f"a first message {name} left the connection open")
    alive(server)
    return f"{len(_BROKEN)} refused"


@SUITE.check("protocol version")
def _minor_version(server: Server) -> str:
    hello = startup(server.user, OURS, protocol=PROTOCOL + 7)
    reply = exchange(server.peer, [hello], patience=0.3)
    expect(reply.content[:1], b"v", "a later minor version")
    return "negotiated"


@SUITE.check("broken login")
def _bad_login(server: Server) -> str:
    """Instead of an answer to the password question: nonsense, and a message without end."""
    hello = startup(server.user, OURS)
    for nonsense in (message(b"p", b"beacon"), b"p" + struct.pack("!I", 1 << 30), b"\xff" * 64):
        reply = exchange(server.peer, [hello, nonsense], pause=0.05, patience=1.0)
        if not reply.closed:
            raise AnswerError("nonsense in place of a password left the connection open")
    alive(server)
    return "refused"


@SUITE.check("stray cancel")
def _stray_cancel(server: Server) -> str:
    reply = exchange(server.peer, [first(CANCEL, struct.pack("!II", 1, 7))], patience=1.0)
    expect(reply.manner, "closed", "a cancel request for nobody")
    return "ignored"


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    hello = startup(server.user, OURS)
    reply = exchange(server.peer, [hello[:3], hello[3:9], hello[9:]], pause=0.1, patience=0.3)
    expect(reply.content[:1], b"R", "the answer to a slow first message")
    return "answered"


@SUITE.check("client resets")
def _rude(server: Server) -> str:
    for piece in (b"", b"\0", startup(server.user, OURS)[:9], startup(server.user, OURS)):
        reset(server.peer, piece)
    alive(server)
    return "survived"
