"""The binary protocol: every operation of it, quiet ones in a row, and what it refuses."""

from __future__ import annotations

import struct

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached import packet
from beacon_catalogue.memcached.line import Line
from beacon_catalogue.memcached.packet import call, request
from beacon_catalogue.memcached.server import Server, expect

SUITE = Suite[Server]()

_FLAGS, _FOR_EVER = 0xC0FFEE, 0
_QUIET = 500
#: For INCREMENT: fail instead of starting a counter.
_NO_START = 0xFFFFFFFF


def _stored(flags: int = 0, seconds: int = _FOR_EVER) -> bytes:
    return struct.pack(">LL", flags, seconds)


def _counted(step: int, start: int = 0, seconds: int = _NO_START) -> bytes:
    return struct.pack(">QQL", step, start, seconds)


@SUITE.check("binary set and get")
def _values(server: Server) -> str:
    name, absent = server.key("b-value").encode(), server.key("absent").encode()
    with server.line() as line:
        expect(call(line, packet.SET, name, b"content", _stored(_FLAGS)).status, packet.OK, "SET")
        reply = call(line, packet.GETK, name)
        expect((reply.key, reply.value), (name, b"content"), "GETK")
        expect(reply.extras, struct.pack(">L", _FLAGS), "the flags")
        expect(call(line, packet.GET, absent).status, packet.MISSING, "GET of no key")
        expect(call(line, packet.DELETE, name).status, packet.OK, "DELETE")
        expect(call(line, packet.GET, name).status, packet.MISSING, "GET after DELETE")
    return digest(reply.value)


@SUITE.check("binary add, replace, append and prepend")
def _conditions(server: Server) -> str:
    name = server.key("b-conditional").encode()
    with server.line() as line:
        call(line, packet.DELETE, name)
        steps = (
            (packet.REPLACE, b"x", _stored(), packet.MISSING),
            (packet.APPEND, b"x", b"", packet.NOT_STORED),
            (packet.ADD, b"middle", _stored(), packet.OK),
            (packet.ADD, b"x", _stored(), packet.EXISTS),
            (packet.APPEND, b"-end", b"", packet.OK),
            (packet.PREPEND, b"start-", b"", packet.OK),
        )
        for code, value, extras, status in steps:
            expect(call(line, code, name, value, extras).status, status, f"operation {code:#x}")
        expect(call(line, packet.GET, name).value, b"start-middle-end", "GET")
    return "kept"


@SUITE.check("binary compare and swap")
def _compare_and_swap(server: Server) -> str:
    name = server.key("b-swapped").encode()
    with server.line() as line:
        token = call(line, packet.SET, name, b"1", _stored()).cas
        if token == 0:
            return "switched off"
        wrong = call(line, packet.SET, name, b"2", _stored(), cas=token + 999)
        expect(wrong.status, packet.EXISTS, "SET with a wrong token")
        expect(call(line, packet.SET, name, b"2", _stored(), cas=token).status, packet.OK, "SET")
        gone = call(line, packet.DELETE, name, cas=token)
        expect(gone.status, packet.EXISTS, "DELETE with an old token")
    return "conflict seen"


@SUITE.check("binary counters")
def _counters(server: Server) -> str:
    name = server.key("b-counter").encode()
    with server.line() as line:
        call(line, packet.DELETE, name)
        none = call(line, packet.INCREMENT, name, extras=_counted(1))
        expect(none.status, packet.MISSING, "INCREMENT of no key")
        numbers = []
        for code, step in ((packet.INCREMENT, 1), (packet.INCREMENT, 1), (packet.DECREMENT, 99)):
            reply = call(line, code, name, extras=_counted(step, start=41, seconds=0))
            numbers.append(int.from_bytes(reply.value))
        expect(numbers, [41, 42, 0], "counting")
        call(line, packet.SET, name, b"word", _stored())
        word = call(line, packet.INCREMENT, name, extras=_counted(1))
        expect(word.status, packet.NOT_A_NUMBER, "INCREMENT of a word")
    return "42"


@SUITE.check("binary quiet operations")
def _quiet(server: Server) -> str:
    """A quiet operation is answered only if it fails, a quiet GET only if it finds."""
    names = [server.key(f"b-quiet:{number}").encode() for number in range(_QUIET)]
    stores = [request(packet.SETQ, name, name[-3:], _stored()) for name in names]
    reads = [request(packet.GETKQ, name) for name in names]
    absent = request(packet.GETQ, server.key("absent").encode())
    with server.line() as line:
        line.sendall(b"".join((*stores, absent, *reads, request(packet.NOOP))))
        found = [packet.answer(line) for _ in names]
        expect([reply.key for reply in found], names, "the keys of quiet GETs")
        expect([reply.value for reply in found], [name[-3:] for name in names], "their values")
        expect(packet.answer(line).value, b"", "NOOP")
    return str(_QUIET)


@SUITE.check("binary touch")
def _touch(server: Server) -> str:
    name = server.key("b-touched").encode()
    with server.line() as line:
        call(line, packet.SET, name, b"content", _stored(_FLAGS, 500))
        seconds = struct.pack(">L", 1000)
        expect(call(line, packet.TOUCH, name, extras=seconds).status, packet.OK, "TOUCH")
        expect(call(line, packet.GAT, name, extras=seconds).value, b"content", "GAT")
        absent = server.key("absent").encode()
        none = call(line, packet.TOUCH, absent, extras=seconds)
        expect(none.status, packet.MISSING, "TOUCH of no key")
    return "touched"


@SUITE.check("binary statistics")
def _statistics(server: Server) -> str:
    with server.line() as line:
        version = call(line, packet.VERSION).value
        facts = _facts(line)
        expect(facts.get(b"version"), version, "the version that STAT tells")
        expect(call(line, packet.STAT, b"beacon").status, packet.MISSING, "STAT of no kind")
    return version.decode("ascii")


def _facts(line: Line) -> dict[bytes, bytes]:
    """STAT is answered by a response for each fact and an empty one."""
    reply, facts = call(line, packet.STAT), {}
    while reply.key:
        facts[reply.key] = reply.value
        reply = packet.answer(line)
    return facts


@SUITE.check("binary refusals")
def _refusals(server: Server) -> str:
    with server.line() as line:
        expect(call(line, 0x55).status, packet.UNKNOWN, "an unknown operation")
        expect(call(line, packet.QUIT).status, packet.OK, "QUIT")
        expect(line.to_the_end(), b"", "what comes after QUIT")
    with server.line() as line:
        line.sendall(request(packet.GET)[:8] + b"\xff" * 4 + request(packet.GET)[12:])
        expect(packet.answer(line).status, packet.INVALID, "a body of 4 GiB")
    with server.line() as line:
        call(line, packet.NOOP)
        line.sendall(b"version\r\n" + b"\n" * 24)
        if line.to_the_end().startswith(b"VERSION"):
            raise AnswerError("text was answered on a binary connection")
    return "3 refused"
