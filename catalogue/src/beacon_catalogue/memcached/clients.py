"""Memcached and its clients: many of them, slow, hasty, unknown, broken and malformed ones."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping

from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.net import reset
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached.server import Server, expect, facts, login, put, until

_CLIENTS = 50
_MANY = 2000
#: Larger than a datagram, so that the answer comes in several.
_DATAGRAMS = bytes(range(256)) * 40
#: Nothing that ends, another protocol, a key that is far too long.
_MALFORMED = (
    b"x" * 20_000,
    b"GET / HTTP/1.1\r\nHost: beacon\r\n\r\n",
    b"get " + b"k" * 9000 + b"\r\nquit\r\n",
)
_FRAME = struct.Struct(">HHHH")
_REQUEST = 0xBEAC


def _crowd(server: Server) -> str:
    name = server.key("crowd")
    with server.line() as line:
        put(line, name, b"0")
    lines = [server.line() for _ in range(_CLIENTS)]
    try:
        at_once(lambda n: lines[n].ask(f"incr {name} 1".encode()), _CLIENTS, threads=10)
        total = lines[0].ask(f"get {name}".encode(), b"END\r\n").split(b"\r\n")[1]
        expect(int(total), _CLIENTS, "the sum of all incrs")
    finally:
        for line in lines:
            line.close()
    return str(_CLIENTS)


def _pipeline(server: Server) -> str:
    names = [server.key(f"piped:{number}") for number in range(_MANY)]
    sets = [f"set {name} 0 0 {len(name)}\r\n{name}\r\n" for name in names]
    with server.line() as line:
        line.sendall("".join(sets).encode())
        expect(line.exactly(8 * _MANY), b"STORED\r\n" * _MANY, "the answers to many sets")
        gets = "".join(f"get {name}\r\n" for name in names).encode()
        line.sendall(gets)
        whole = "".join(f"VALUE {name} 0 {len(name)}\r\n{name}\r\nEND\r\n" for name in names)
        expect(digest(line.exactly(len(whole))), digest(whole.encode()), "the answers' digest")
    return str(_MANY)


def _slow(server: Server) -> str:
    name = server.key("slow")
    with server.line() as line:
        for byte in f"set {name} 0 0 5\r\nhello\r\n":
            line.sendall(byte.encode())
            time.sleep(0.002)
        expect(line.until(b"\r\n"), b"STORED\r\n", "a set byte by byte")
        reply = line.ask(f"get {name}".encode(), b"END\r\n")
    expect(reply, f"VALUE {name} 0 5\r\nhello\r\n".encode(), "get of what came byte by byte")
    return digest(reply)


def _broken_off(server: Server) -> str:
    name = server.key("broken-off")
    with server.line() as line:
        before = int(facts(line)["curr_connections"])
        for _ in range(10):
            reset(server.peer, f"set {name} 0 0 100000\r\nhalf".encode())
        until(lambda: int(facts(line)["curr_connections"]) <= before, server, "forgetting clients")
        expect(line.ask(f"get {name}".encode()), b"END", "get of a value that was broken off")
    return "nothing stored"


def _errors(server: Server) -> str:
    cases: Mapping[str, bytes] = {
        "beacon": b"ERROR",
        "get": b"ERROR",
        "set k a b c": b"CLIENT_ERROR bad command line format",
        "set k 0 0 -1": b"CLIENT_ERROR bad command line format",
        "set k 0 0 3\r\nabcdef": b"CLIENT_ERROR bad data chunk",
        "incr k x": b"ERROR",
        "": b"ERROR",
    }
    with server.line() as line:
        for command, reply in cases.items():
            answer = line.ask(command.encode() + b"\r\nmn", b"MN\r\n")
            if reply not in answer:
                raise AnswerError(f"{command!r} was answered {answer!r}")
    return f"{len(cases)} refused"


def _malformed(server: Server) -> str:
    for content in _MALFORMED:
        with server.line() as line:
            line.sendall(content)
            reply = line.to_the_end()
            if reply and not reply.startswith((b"CLIENT_ERROR", b"ERROR")):
                raise AnswerError(f"a malformed request was answered {reply!r}")
    with server.line() as line:
        expect(line.ask(b"mn"), b"MN", "mn after malformed requests")
    return "refused"


def _stranger(server: Server) -> str:
    if server.account is None:
        return "no account needed"
    with server.stranger() as line:
        if server.manner.text:
            reply = line.ask(b"get x")
            expect(reply, b"CLIENT_ERROR unauthenticated", "get without an account")
        refused = False
        try:
            login(line, server.account[0], "a wrong password", text=server.manner.text)
        except AnswerError:
            refused = True
        expect(refused, True, "the refusal of a wrong password")
    return "refused"


def _datagrams(server: Server) -> str:
    """Over UDP, every datagram begins with a frame that says which part of an answer it is."""
    with server.line() as line:
        port = int(facts(line, "settings")["udpport"])
        if not 0 < port < 1 << 16:
            return "switched off"
        put(line, server.key("datagrams"), _DATAGRAMS)
    question = f"get {server.key('datagrams')}\r\n".encode()
    content = _ask_by_datagram(server, port, question)
    value = content.partition(b"\r\n")[2].removesuffix(b"\r\nEND\r\n")
    expect(digest(value), digest(_DATAGRAMS), "the digest of an answer in datagrams")
    return digest(value)


def _ask_by_datagram(server: Server, port: int, question: bytes) -> bytes:
    parts: dict[int, bytes] = {}
    total = 1
    family = socket.AF_INET6 if ":" in server.peer.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((server.peer.address, port))
        datagrams.settimeout(min(2.0, server.peer.deadline.wait()))
        datagrams.send(_FRAME.pack(_REQUEST, 0, 1, 0) + question)
        while len(parts) < total:
            server.peer.deadline.check()
            piece = datagrams.recv(1 << 16)
            request, number, total, _ = _FRAME.unpack(piece[: _FRAME.size])
            expect(request, _REQUEST, "the request that is answered")
            parts[number] = piece[_FRAME.size :]
    return b"".join(parts[number] for number in sorted(parts))


SUITE: Suite[Server] = Suite.of(
    {
        "parallel clients": _crowd,
        "pipeline": _pipeline,
        "slow client": _slow,
        "client that breaks off": _broken_off,
        "errors": _errors,
        "malformed requests": _malformed,
        "UDP": _datagrams,
    }
)
#: Whatever protocol the server speaks.
ALWAYS: Suite[Server] = Suite.of({"stranger": _stranger})
