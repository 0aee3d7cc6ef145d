"""Connections that the server makes or takes for its client."""

from __future__ import annotations

from paramiko import Channel, ChannelException, SSHException, Transport

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.ssh.programs import logged_in
from beacon_catalogue.ssh.server import Server, greeting_on

SUITE = Suite[Server]()

_LOOPBACK = "127.0.0.1"
_REFUSED = "refused"


def _through(server: Server, transport: Transport, port: int) -> Channel:
    """A connection from the server to a port of its own host."""
    channel = transport.open_channel(
        "direct-tcpip", (_LOOPBACK, port), (_LOOPBACK, 1), timeout=server.wait
    )
    channel.settimeout(server.wait)
    return channel


@SUITE.check("forwarding")
@logged_in
def _forwarding(server: Server, transport: Transport) -> str:
    """To the server itself, which greets as it does from outside."""
    try:
        channel = _through(server, transport, server.peer.port)
    except ChannelException:
        return _REFUSED
    with channel:
        expect(greeting_on(channel, server.wait), server.greeting(), "the greeting")
    return "forwarded"


@SUITE.check("forwarding back")
@logged_in
def _back(server: Server, transport: Transport) -> str:
    """A port of the server's host that leads to us, reached through the server as well."""
    try:
        port = transport.request_port_forward(_LOOPBACK, 0)
    except SSHException:
        if not transport.is_active():
            raise
        return _REFUSED
    try:
        with _through(server, transport, port) as near:
            far = transport.accept(server.wait)
            if far is None:
                raise AnswerError("no connection came back")
            with far:
                far.settimeout(server.wait)
                near.sendall(b"there")
                far.sendall(b"back again")
                expect((far.recv(64), near.recv(64)), (b"there", b"back again"), "both ends")
    finally:
        transport.cancel_port_forward(_LOOPBACK, port)
    return "forwarded"
