"""Connects to a server whose protocol nobody knows, in every way that a client might.

What it answers is not judged. A check fails when connections are not accepted any more.
"""

from __future__ import annotations

import random
import socket
import ssl
import time
from contextlib import ExitStack, suppress

from beacon.workloads.answers import until
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer, TlsPeer, exchange, reset, unverified_tls
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload

_PATIENCE = 0.5
_MANY = 50
_NOISE = random.Random(1).randbytes(64 << 10)  # noqa: S311 - the same in every run
_LONG_LINE = b"beacon " * 20_000 + b"\r\n"
_LINES = [b"HELP\r\n", b"\r\n", b"QUIT\r\n"]

CONNECTIONS = Suite[Peer]()
HANDSHAKES = Suite[Peer]()


def _accepts(peer: Peer) -> None:
    """Wait until a connection comes about: it may still be busy with what we did before."""

    def accepted() -> bool:
        with suppress(OSError):
            peer.connect().close()
            return True
        return False

    until(accepted, peer.deadline, "a connection")


@CONNECTIONS.check("connection")
def _connection(peer: Peer) -> None:
    peer.connect().close()
    _accepts(peer)


@CONNECTIONS.check("lines")
def _lines(peer: Peer) -> None:
    exchange(peer, _LINES, pause=0.05, patience=_PATIENCE)
    _accepts(peer)


@CONNECTIONS.check("half-close")
def _half_close(peer: Peer) -> None:
    with peer.connect() as connection, suppress(OSError):
        connection.sendall(b"\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_PATIENCE)
        connection.recv(1 << 10)
    _accepts(peer)


@CONNECTIONS.check("reset")
def _reset(peer: Peer) -> None:
    with suppress(OSError):
        reset(peer, b"\r\n")
    _accepts(peer)


@CONNECTIONS.check("many connections")
def _many(peer: Peer) -> None:
    with ExitStack() as stack, suppress(OSError):  # it may have a limit of its own
        for _ in range(_MANY):
            stack.enter_context(peer.connect())
    _accepts(peer)


@CONNECTIONS.check("garbage")
def _garbage(peer: Peer) -> None:
    exchange(peer, [_NOISE], patience=_PATIENCE)
    _accepts(peer)


@CONNECTIONS.check("long line")
def _long_line(peer: Peer) -> None:
    exchange(peer, [_LONG_LINE], patience=_PATIENCE)
    _accepts(peer)


@CONNECTIONS.check("slow client")
def _slow(peer: Peer) -> None:
    exchange(peer, [b"H", b"E", b"L", b"P", b"\r\n"], pause=0.1, patience=_PATIENCE)
    _accepts(peer)


@CONNECTIONS.check("idle connection")
def _idle(peer: Peer) -> None:
    with peer.connect():
        time.sleep(peer.deadline.left(1.0))
    _accepts(peer)


def _handshake(peer: Peer, version: ssl.TLSVersion) -> str:
    context = unverified_tls()
    context.minimum_version = context.maximum_version = version
    try:
        TlsPeer(peer.address, peer.port, peer.deadline, context).connect().close()
    except ssl.SSLError:
        _accepts(peer)
        return "refused"
    return "accepted"


@HANDSHAKES.check("TLS 1.2")
def _older(peer: Peer) -> str:
    return _handshake(peer, ssl.TLSVersion.TLSv1_2)


@HANDSHAKES.check("TLS 1.3")
def _newer(peer: Peer) -> str:
    return _handshake(peer, ssl.TLSVersion.TLSv1_3)


@HANDSHAKES.check("other name")
def _other_name(peer: Peer) -> str:
    try:
        TlsPeer(peer.address, peer.port, peer.deadline, name="beacon.invalid").connect().close()
    except ssl.SSLError:
        _accepts(peer)
        return "refused"
    return "accepted"


@HANDSHAKES.check("no TLS")
def _plain(peer: Peer) -> None:
    plain = Peer(peer.address, peer.port, peer.deadline)
    exchange(plain, _LINES, patience=_PATIENCE)
    _accepts(peer)


@HANDSHAKES.check("broken-off handshake")
def _broken_off(peer: Peer) -> None:
    with suppress(OSError):
        reset(Peer(peer.address, peer.port, peer.deadline), b"\x16\x03\x01\x00\xc8\x01")
    _accepts(peer)


def _clear(peer: Peer, endpoint: Endpoint) -> Peer:
    return peer


def _secure(peer: Peer, endpoint: Endpoint) -> Peer:
    return TlsPeer(peer.address, peer.port, peer.deadline)


TCP = SuiteWorkload("tcp", CONNECTIONS, _clear, ports=())
TLS = SuiteWorkload("tls", Suite((HANDSHAKES, CONNECTIONS)), _secure, ports=())
