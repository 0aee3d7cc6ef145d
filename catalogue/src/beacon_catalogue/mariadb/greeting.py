"""What no client library sends: broken sign-ins, packets out of order, slow and rude clients."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import Server, alive, one

SUITE = Suite[Server]()

#: Answers to the greeting that no server may take for a sign-in.
_BROKEN: Mapping[str, bytes] = {
    "empty": b"\0\0\0\1",
    "short": b"\4\0\0\1beac",
    "of HTTP": b"GET / HTTP/1.1\r\nHost: beacon\r\n\r\n",
    "out of order": b"\x20\0\0\7" + b"\xff" * 32,
    "without a user": b"\x20\0\0\1" + struct.pack("<IIB23x", 1 << 9 | 1 << 15, 1 << 24, 45),
    "too long": b"\xff\xff\xff\1" + b"\xff" * 70000,
}


@SUITE.check("greeting")
def _greets(server: Server) -> str:
    content = exchange(server.peer, [], patience=0.2).content
    expect(content[4:5], b"\x0a", "the protocol of the greeting")
    with server.session() as session:
        version = str(one(session, "select version()"))
    if version.encode() not in content:
        raise AnswerError("the greeting does not tell the version")
    return version


@SUITE.check("broken sign-ins")
def _broken(server: Server) -> str:
    for name, content in _BROKEN.items():
        reply = exchange(server.peer, [content], patience=0.2)
        # The greeting comes in any case: what must not come is the packet that lets a client in.
        if b"\7\0\0\2\0" in reply.content:
            raise AnswerError(f"a sign-in that is {name} was accepted")
    alive(server)
    return f"{len(_BROKEN)} refused"


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    reply = exchange(server.peer, [b"\4", b"\0\0\1", b"beac"], pause=0.1, patience=1.0)
    if not reply.closed:
        raise AnswerError("a slow and broken sign-in left the connection open")
    return "refused"


@SUITE.check("client resets")
def _rude(server: Server) -> str:
    for piece in (b"", b"\0", b"\4\0\0\1", _BROKEN["too long"]):
        reset(server.peer, piece)
    alive(server)
    return "survived"
