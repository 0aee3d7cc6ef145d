"""TLS in its two ways, the port for submission, and accounts."""

from __future__ import annotations

import smtplib
import ssl

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import LineServer
from beacon.workloads.net import Peer, TlsPeer, unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.smtp.session import OFF, expect_code, session

SUITE = Suite[LineServer]()

_SUBMISSIONS, _SUBMISSION = 465, 587


@SUITE.check("STARTTLS")
def _starttls(server: LineServer) -> str:
    with session(server) as client:
        if not client.has_extn("starttls"):
            return OFF
        expect_code(client.starttls(context=unverified_tls()), 220, "STARTTLS")
        expect_code(client.ehlo(), 250, "EHLO through TLS")
        expect(client.has_extn("starttls"), False, "that STARTTLS is offered again")
        expect_code(client.noop(), 250, "NOOP through TLS")
        return _version(client)


def _version(client: smtplib.SMTP) -> str:
    return str(client.sock.version()) if isinstance(client.sock, ssl.SSLSocket) else "plain"


def _opened(server: LineServer, port: int, *, tls: bool) -> LineServer | None:
    """The server at another of its ports; None if that is closed, OSError if all is."""
    server.peer.connect().close()
    peer = Peer(server.peer.address, port, server.peer.deadline)
    try:
        peer.connect().close()
    except ConnectionRefusedError:
        return None
    return LineServer(TlsPeer(peer.address, port, peer.deadline) if tls else peer, server.env)


@SUITE.check("TLS")
def _tls(server: LineServer) -> str:
    """From the first byte on, at the port for that."""
    with session(server):
        secure = _opened(server, _SUBMISSIONS, tls=True)
    if secure is None:
        return OFF
    with session(secure) as client:
        expect_code(client.noop(), 250, "NOOP through TLS")
        return _version(client)


@SUITE.check("submission")
def _submission(server: LineServer) -> str:
    with session(server):
        other = _opened(server, _SUBMISSION, tls=False)
    if other is None:
        return OFF
    with session(other, secure=True) as client:
        expect_code(client.noop(), 250, "NOOP")
        return _version(client)


@SUITE.check("AUTH: wrong password")
def _wrong_password(server: LineServer) -> str:
    with session(server, secure=True) as client:
        if not client.has_extn("auth"):
            return OFF
        try:
            client.login("beacon-check", "a wrong password")
        except smtplib.SMTPAuthenticationError as error:
            expect(500 <= error.smtp_code < 600, True, "a refusal for good")
            return "refused"
        except smtplib.SMTPNotSupportedError:
            return "no mechanism that we know"
    raise AnswerError("any password is right")


@SUITE.check("AUTH")
def _auth(server: LineServer) -> str:
    """With BEACON_SMTP_USER and BEACON_SMTP_PASSWORD."""
    with session(server, secure=True) as client:
        account = server.account("BEACON_SMTP")
        if account is None:
            return "no account"
        expect_code(client.login(*account), 235, "AUTH")
        expect_code(client.noop(), 250, "NOOP")
    return "accepted"
