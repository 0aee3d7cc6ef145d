"""What needs no account: the greeting, what is offered, refusals, TLS."""

from __future__ import annotations

import imaplib
import ssl

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import LineServer
from beacon.workloads.net import Peer, TlsPeer, exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.imap.session import OFF, ok, quoted, session

SUITE = Suite[LineServer]()

_TLS = 993
_REFUSALS = ([b"a1", b"NO"], [b"a1", b"BAD"])
_PIPELINED = 20
#: One account for all refusals: servers wait the longer, the more different ones are tried.
_STRANGER = ("beacon-check", "a wrong password")


@SUITE.check("greeting")
def _greeting(server: LineServer) -> str:
    with server.lines() as line:
        kind = line.line().split(b" ")[:2]
        if kind not in ([b"*", b"OK"], [b"*", b"PREAUTH"]):
            raise AnswerError(f"the greeting begins with {kind!r}")
    return kind[1].decode()


@SUITE.check("CAPABILITY")
def _capability(server: LineServer) -> str:
    with session(server) as client:
        words = client.capabilities
        if not {"IMAP4REV1", "IMAP4REV2"} & set(words):
            raise AnswerError(f"no IMAP4rev1: {' '.join(words)[:80]}")
    return " ".join(sorted(words))


@SUITE.check("NOOP and LOGOUT")
def _logout(server: LineServer) -> str:
    with session(server) as client:
        ok(client.noop(), "NOOP")
        expect(client.logout()[0], "BYE", "the answer to LOGOUT")
    return "BYE"


@SUITE.check("commands before login")
def _too_early(server: LineServer) -> str:
    """All that needs an account is refused."""
    for word in (b"SELECT INBOX", b'LIST "" "*"', b"FETCH 1 BODY[]"):
        with server.lines() as line:
            if line.line().startswith(b"* PREAUTH"):
                return "logged in from the start"
            answer = line.ask(b"a1 " + word)
            if answer.split(b" ")[:2] not in _REFUSALS:
                raise AnswerError(f"{word!r} before login: {answer[:60]!r}")
    return "refused"


@SUITE.check("unknown command")
def _unknown(server: LineServer) -> str:
    with server.lines() as line:
        line.line()
        answer = line.ask(b"a1 BEACON nothing").split(b" ")[:2]
        if answer not in _REFUSALS:
            raise AnswerError(f"its answer: {answer!r}")
        expect(line.ask(b"a2 NOOP").split(b" ")[:2], [b"a2", b"OK"], "NOOP after that")
    return "refused"


@SUITE.check("many commands at once")
def _pipelined(server: LineServer) -> str:
    with server.lines() as line:
        line.line()
        line.send(b"".join(b"p%d NOOP\r\n" % number for number in range(_PIPELINED)))
        for number in range(_PIPELINED):
            expect(line.line().split(b" ")[:2], [b"p%d" % number, b"OK"], "an answer")
    return str(_PIPELINED)


@SUITE.check("literal")
def _literal(server: LineServer) -> str:
    """A word that is announced by its length comes after the server's consent."""
    user, password = _STRANGER
    with server.lines() as line:
        line.line()
        said = line.ask(b"a1 LOGIN {%d}" % len(user))
        if said.startswith(b"+"):
            said = line.ask(f'{user} "{password}"'.encode())
        if said.split(b" ")[:2] not in (*_REFUSALS, [b"*", b"BYE"]):
            raise AnswerError(f"the answer to a wrong LOGIN: {said[:60]!r}")
    return "refused"


@SUITE.check("literal that is too large")
def _huge_literal(server: LineServer) -> str:
    """Whatever a server says to it, or does not say: others are served."""
    reply = exchange(server.peer, [b"h1 LOGIN {4294967295}\r\n", b"x" * 1000], patience=1.0)
    expect(b"h1 OK" in reply.content, False, "that a huge literal is a login")
    with session(server) as client:
        ok(client.noop(), "NOOP after that")
    return "serves on"


@SUITE.check("STARTTLS")
def _starttls(server: LineServer) -> str:
    with session(server) as plain:
        if "STARTTLS" not in plain.capabilities:
            return OFF
    with session(server, secure=True) as client:
        ok(client.noop(), "NOOP through TLS")
        return _version(client)


def _version(client: imaplib.IMAP4) -> str:
    return str(client.sock.version()) if isinstance(client.sock, ssl.SSLSocket) else "plain"


@SUITE.check("TLS")
def _tls(server: LineServer) -> str:
    """From the first byte on, at the port for that."""
    peer = server.peer
    with session(server):
        try:
            Peer(peer.address, _TLS, peer.deadline).connect().close()
        except ConnectionRefusedError:
            return OFF
    with session(LineServer(TlsPeer(peer.address, _TLS, peer.deadline))) as client:
        ok(client.noop(), "NOOP through TLS")
        return _version(client)


@SUITE.check("wrong password")
def _wrong_password(server: LineServer) -> str:
    with session(server, secure=True) as client:
        try:
            client.login(quoted(_STRANGER[0]), _STRANGER[1])
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return "refused"
    raise AnswerError("any password is right")
