"""Commands and logins: what is offered, what is refused, TLS."""

from __future__ import annotations

import ftplib
import ssl

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.ftp.session import OFF, login, secure_session, session, with_login

SUITE = Suite[LineServer]()


@SUITE.check("greeting and QUIT")
def _quit(server: LineServer) -> str:
    with server.lines() as line:
        expect(line.reply().code, 220, "the greeting")
        expect(line.reply(b"QUIT").code, 221, "QUIT")
        expect(line.is_closed(), True, "the end of the connection")
    return "220 221"


@SUITE.check("FEAT")
def _feat(server: LineServer) -> str:
    """What it offers; a server may want a login first."""
    with server.lines() as line:
        expect(line.reply().code, 220, "the greeting")
        code, texts = line.reply(b"FEAT")
        if code != 211:
            expect(500 <= code < 600, True, f"that FEAT ({code}) is answered or refused")
            return OFF
    return " ".join(sorted({text.split()[0].upper() for text in texts[1:-1] if text.split()}))


@SUITE.check("unknown command")
def _unknown(server: LineServer) -> str:
    with server.lines() as line:
        expect(line.reply().code, 220, "the greeting")
        code = line.reply(b"BEACON nothing").code
        expect(500 <= code < 600, True, f"that an unknown command ({code}) is refused")
        expect(line.reply(b"QUIT").code, 221, "QUIT after that")
    return str(code)


@SUITE.check("commands before login")
def _too_early(server: LineServer) -> str:
    """All that needs a login is refused; a few to each connection, lest it hangs up."""
    for words in (("PASV", "RETR x"), ("STOR x", "MKD x"), ("DELE x", "LIST")):
        with server.lines() as line:
            expect(line.reply().code, 220, "the greeting")
            for word in words:
                code = line.reply(word.encode()).code
                expect(500 <= code < 600, True, f"that {word} before login ({code}) is refused")
    return "refused"


@SUITE.check("wrong password")
def _wrong_password(server: LineServer) -> str:
    with session(server) as client:
        try:
            client.login("beacon-check", "a wrong password")
        except ftplib.error_perm:
            return "refused"
    raise AnswerError("any password is right")


@SUITE.check("login")
def _login(server: LineServer) -> str:
    with session(server) as client:
        manner = login(server, client)
        if manner is None:
            return OFF
        client.voidcmd("NOOP")
        expect(client.quit()[:3], "221", "the answer to QUIT")
    return manner


@SUITE.check("small commands")
@with_login
def _small(_: LineServer, client: ftplib.FTP) -> str:
    """SYST, HELP, STAT, and every type, mode and structure that is still in use."""
    codes = []
    for command in ("TYPE A", "TYPE I", "MODE S", "STRU F", "NOOP", "SYST", "HELP", "STAT"):
        code = _code(client, command)
        if command in ("TYPE A", "TYPE I", "NOOP"):
            expect(code, "200", command)
        codes.append(code)
    expect(client.pwd()[:1], "/", "how the current folder's name begins")
    return " ".join(codes)


def _code(client: ftplib.FTP, command: str) -> str:
    try:
        return client.sendcmd(command)[:3]
    except ftplib.error_perm as error:
        return str(error)[:3]


@SUITE.check("AUTH TLS")
def _tls(server: LineServer) -> str:
    """Login and a listing through TLS."""
    with secure_session(server) as client:
        if client is None:
            return OFF
        version = str(client.sock.version()) if isinstance(client.sock, ssl.SSLSocket) else ""
        if login(server, client) is None:
            return version
        client.prot_p()
        listing: list[str] = []
        client.retrlines("LIST", listing.append)
        client.voidcmd("NOOP")
    return f"{version}, listed"
