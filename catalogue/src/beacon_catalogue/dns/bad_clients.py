"""Queries that are malformed, unheard of, slow or broken off; the server answers others on."""

from __future__ import annotations

import time
from contextlib import suppress

import dns.message
import dns.opcode

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.dns.server import Server, asking, understood, version_query

SUITE = Suite[Server]()

_PATIENCE = 0.3
_HEAD = bytes.fromhex("beac 0000 0001 0000 0000 0000")
_MALFORMED = {
    "nothing": b"",
    "half a header": _HEAD[:5],
    "a header without its question": _HEAD,
    "a name without an end": _HEAD + b"\x3fabc",
    "a name that points at itself": _HEAD + b"\xc0\x0c\x00\x01\x00\x01",
    "a label of a kind that is none": _HEAD + b"\x80abc\x00\x00\x01\x00\x01",
    "65535 questions": _HEAD[:4] + b"\xff\xff" + _HEAD[6:] + b"\x00\x00\x01\x00\x01",
    "a name of 300 bytes": _HEAD + (b"\x3b" + b"x" * 59) * 5 + b"\x00\x00\x01\x00\x01",
    "two options of EDNS": _HEAD[:10]
    + b"\x00\x02"
    + b"\x00\x00\x10\x00\x03"
    + b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00" * 2,
    "bytes of any kind": bytes(range(256)) * 5,
}


def _serves(server: Server) -> None:
    server.over_udp(server.ordinary())
    server.over_tcp(server.ordinary())


@SUITE.check("malformed datagrams")
def _malformed(server: Server) -> str:
    """Each gets an error, or nothing, but never records."""
    for what, wire in _MALFORMED.items():
        with server.datagrams() as connection:
            connection.settimeout(server.peer.deadline.wait(_PATIENCE))
            connection.send(wire)
            with suppress(TimeoutError):
                answer = connection.recv(4096)
                if len(answer) < 4 or (answer[:2] == b"\xbe\xac" and not answer[2] & 0x80):
                    raise AnswerError(f"the answer to {what} is none: {answer[:20]!r}")
    _serves(server)
    return "serves on"


@SUITE.check("malformed messages over TCP")
def _malformed_tcp(server: Server) -> str:
    for wire in (*_MALFORMED.values(), b"\xff" * 65535):
        framed = len(wire).to_bytes(2, "big") + wire
        exchange(server.peer, [framed], patience=_PATIENCE)
    _serves(server)
    return "serves on"


@SUITE.check("answer instead of a question")
def _reflected(server: Server) -> str:
    """A server that answers answers can be made to talk to itself without end."""
    answer = dns.message.make_response(version_query())
    with server.datagrams() as connection:
        connection.settimeout(server.peer.deadline.wait(_PATIENCE))
        connection.send(answer.to_wire())
        with suppress(TimeoutError):
            connection.recv(4096)
            raise AnswerError("an answer is answered")
    _serves(server)
    return "ignored"


@SUITE.check("other operations and classes")
def _operations(server: Server) -> str:
    """Answered or ignored; none of them may change anything."""
    queries = [asking("version.bind", kind, "CH") for kind in ("ANY", "TYPE65280", "HINFO")]
    queries += [asking("beacon-check.invalid", "A", "HS")]
    for operation in (dns.opcode.STATUS, dns.opcode.NOTIFY, dns.opcode.UPDATE):
        query = asking("beacon-check.invalid", "SOA")
        query.set_opcode(operation)
        queries.append(query)
    for query in queries:
        with server.datagrams() as connection:
            connection.settimeout(server.peer.deadline.wait(_PATIENCE))
            connection.send(query.to_wire())
            with suppress(TimeoutError):
                understood(query, connection.recv(1 << 16))
    _serves(server)
    return "serves on"


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    """A query that comes byte by byte."""
    query = version_query()
    wire = query.to_wire()
    with server.peer.connect() as connection:
        for byte in len(wire).to_bytes(2, "big") + wire:
            connection.sendall(bytes((byte,)))
            time.sleep(0.01)
        understood(query, server.received(connection))
    return "served"


@SUITE.check("broken-off clients")
def _broken_off(server: Server) -> str:
    """Resets at every moment, and a client that is silent while others are served."""
    wire = version_query().to_wire()
    framed = len(wire).to_bytes(2, "big") + wire
    for piece in (b"", framed[:1], framed[:10], framed):
        reset(server.peer, piece)
    with server.peer.connect():
        _serves(server)
    return "serves on"


@SUITE.check("half-closed connection")
def _half_closed(server: Server) -> str:
    """A client that asks for nothing more; the server lets go."""
    query = version_query()
    wire = query.to_wire()
    with server.peer.connect() as connection:
        connection.sendall(len(wire).to_bytes(2, "big") + wire)
        understood(query, server.received(connection))
        connection.shutdown(1)
        connection.settimeout(server.peer.deadline.wait())
        expect(connection.recv(1), b"", "what comes after the end")
    return "let go"
