"""Clients of a proxy that misbehave; it serves on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.proxy.client import Client

SUITE = Suite[Client]()
_PATIENCE = 0.5
_MALFORMED = {
    "no request": b"\r\n\r\n",
    "no protocol": b"\x00\xff\xfe beacon\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03",
    "unknown scheme": b"GET beacon://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no port of a tunnel": b"CONNECT localhost HTTP/1.1\r\n\r\n",
    "torn request": b"GET http://local",
    "long URL": b"GET http://localhost/" + b"x" * (96 << 10) + b" HTTP/1.1\r\n\r\n",
}
_SILENT = 5


def _malformed(piece: bytes) -> Callable[[Client], str]:
    def check(client: Client) -> str:
        exchange(client.peer, [piece], patience=_PATIENCE)
        return _serves(client)

    return check


for _name, _piece in _MALFORMED.items():
    SUITE.add(f"malformed: {_name}", _malformed(_piece))


@SUITE.check("slow client")
def _slow(client: Client) -> str:
    pieces = [bytes((byte,)) for byte in f"GET {client.url('/')} HTTP/1.0".encode()]
    reply = exchange(client.peer, [*pieces, b"\r\n\r\n"], pause=0.01)
    return reply.manner


@SUITE.check("broken-off clients")
def _broken_off(client: Client) -> str:
    head = f"GET {client.url('/large')} HTTP/1.1\r\nHost: origin\r\n".encode()
    for piece in (b"", head, head + b"\r\n"):
        with suppress(OSError):
            reset(client.peer, piece)
    return _serves(client)


@SUITE.check("silent clients")
def _silent(client: Client) -> str:
    with ExitStack() as stack:
        for _ in range(_SILENT):
            stack.enter_context(client.peer.connect())
        time.sleep(client.peer.deadline.left(_PATIENCE))
        return _serves(client)


def _serves(client: Client) -> str:
    client.passed("GET", "/")
    return "serves on"
