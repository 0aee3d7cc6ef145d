"""What needs no account: what is offered, refusals, TLS."""

from __future__ import annotations

import poplib
import ssl

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import LineServer
from beacon.workloads.net import Peer, TlsPeer
from beacon.workloads.suite import Suite
from beacon_catalogue.pop3.session import OFF, is_refusal, offered, session

SUITE = Suite[LineServer]()

_TLS = 995


def _said(line: bytes, what: str) -> str:
    """`+OK` or `-ERR`; AnswerError for anything else."""
    word = line.split(b" ")[0]
    if word not in (b"+OK", b"-ERR"):
        raise AnswerError(f"{what}: {line[:60]!r}")
    return word.decode()


@SUITE.check("greeting and QUIT")
def _quit(server: LineServer) -> str:
    with server.lines() as line:
        expect(_said(line.line(), "the greeting"), "+OK", "the greeting")
        expect(_said(line.ask(b"QUIT"), "QUIT"), "+OK", "the answer to QUIT")
        expect(line.is_closed(), True, "the end of the connection")
    return "+OK"


@SUITE.check("CAPA")
def _capa(server: LineServer) -> str:
    with session(server) as client:
        return " ".join(sorted(offered(client))) or OFF


@SUITE.check("commands before login")
def _too_early(server: LineServer) -> str:
    """All that needs an account is refused; a few to each connection, lest it hangs up."""
    for words in ((b"STAT", b"RETR 1"), (b"LIST", b"DELE 1"), (b"BEACON", b"UIDL")):
        with server.lines() as line:
            expect(_said(line.line(), "the greeting"), "+OK", "the greeting")
            for word in words:
                expect(_said(line.ask(word), repr(word)), "-ERR", f"{word!r} before login")
    return "refused"


@SUITE.check("APOP")
def _apop(server: LineServer) -> str:
    """A greeting with a stamp offers it; a wrong digest is refused."""
    with session(server) as client:
        if b"<" not in client.getwelcome():
            client.quit()
            return OFF
        try:
            client.apop("beacon-check", "a wrong password")
        except poplib.error_proto as error:
            if is_refusal(error):
                return "refused"
            raise
    raise AnswerError("any password is right")


@SUITE.check("STLS")
def _stls(server: LineServer) -> str:
    with session(server) as plain:
        if "STLS" not in offered(plain):
            return OFF
    with session(server, secure=True) as client:
        expect("STLS" in offered(client), False, "that STLS is offered again")
        return _version(client)


def _version(client: poplib.POP3) -> str:
    return str(client.sock.version()) if isinstance(client.sock, ssl.SSLSocket) else "plain"


@SUITE.check("TLS")
def _tls(server: LineServer) -> str:
    """From the first byte on, at the port for that."""
    peer = server.peer
    with session(server) as client:
        client.quit()
        try:
            Peer(peer.address, _TLS, peer.deadline).connect().close()
        except ConnectionRefusedError:
            return OFF
    with session(LineServer(TlsPeer(peer.address, _TLS, peer.deadline))) as client:
        offered(client)
        return _version(client)


@SUITE.check("wrong password")
def _wrong_password(server: LineServer) -> str:
    with session(server, secure=True) as client:
        try:
            client.user("beacon-check")
            client.pass_("a wrong password")
        except poplib.error_proto as error:
            if is_refusal(error):
                return "refused"
            raise
    raise AnswerError("any password is right")
