"""Who is not let in, and clients that misbehave: last, for a server may shut them out."""

from __future__ import annotations

import socket
from collections.abc import Callable

from paramiko import RSAKey
from paramiko.ssh_exception import AuthenticationException, BadAuthenticationType

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.ssh.hello import CLIENT, offers
from beacon_catalogue.ssh.pace import FAILED_LOGIN
from beacon_catalogue.ssh.server import Server, greeting_on

SUITE = Suite[Server]()

_KEY_BITS = 2048


def _said(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except BadAuthenticationType:
        return "not offered"
    except AuthenticationException:
        return "refused"
    return "let in"


@SUITE.check("wrong logins")
def _wrong_logins(server: Server) -> str:
    """A key and a password that nobody knows; at one connection, for each is held against us."""
    name = server.user or "beacon-check"
    key = RSAKey.generate(_KEY_BITS)
    with server.connection(penalty=FAILED_LOGIN) as transport:
        first = _said(lambda: transport.auth_publickey(name, key))
        if first != "let in":
            second = _said(lambda: transport.auth_password(name, "a wrong password"))
            if second != "let in":
                return f"key {first}, password {second}"
    if server.user is not None:
        raise AnswerError("somebody with a wrong key or password was let in")
    return "open to everybody"


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    """A client whose greeting comes byte by byte."""
    pieces = [CLIENT[start : start + 1] for start in range(len(CLIENT))]
    reply = exchange(server.stranger(), pieces, pause=0.02, patience=2.0)
    offers(reply.content)
    return "welcome"


@SUITE.check("half-closed client")
def _half_closed(server: Server) -> str:
    """A client that says nothing more after its greeting."""
    with server.stranger().connect() as connection:
        connection.sendall(CLIENT)
        connection.shutdown(socket.SHUT_WR)
        greeting_on(connection, server.wait)
    server.serves()
    return "greeted"


@SUITE.check("malformed packets")
def _malformed(server: Server) -> str:
    broken = {
        "another protocol": b"GET / HTTP/1.1\r\n\r\n",
        "an old version": b"SSH-1.3-beacon\r\n" + b"\0" * 64,
        "a huge packet": CLIENT + b"\xff" * 64,
        "a packet of nothing": CLIENT + b"\0" * 64,
    }
    for what, piece in broken.items():
        reply = exchange(server.stranger(), [piece], patience=2.0)
        expect(reply.closed, True, f"the end of the connection after {what}")
    server.serves()
    return f"{len(broken)} shown out"


@SUITE.check("long line")
def _long(server: Server) -> str:
    reply = exchange(server.stranger(), [b"SSH-2.0-" + b"x" * (64 << 10) + b"\r\n"], patience=2.0)
    expect(reply.closed, True, "the end of the connection after a long line")
    server.serves()
    return "shown out"


@SUITE.check("reset")
def _reset(server: Server) -> str:
    for piece in (b"", CLIENT):
        reset(server.stranger(), piece)
    server.serves()
    return "survived"
