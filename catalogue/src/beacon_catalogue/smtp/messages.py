"""Messages: those that the container wants, those that are too large, those that break off."""

from __future__ import annotations

import smtplib

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.smtp.session import (
    OFF,
    SENDER,
    connected,
    expect_code,
    recipient,
    session,
    verdict,
)

SUITE = Suite[LineServer]()

_NO_RECIPIENT = "no recipient"
_HEAD = "From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\r\n"
#: Dots at the beginning of a line have to be doubled on the way.
_DOTS = "One line.\r\n.\r\n..two\r\n.three\r\n"
_LARGE = 1 << 20
_HUGE = 1 << 44


def _text(to: str, subject: str, body: str) -> bytes:
    return (_HEAD.format(sender=SENDER, to=to, subject=subject) + body).encode()


def _send(client: smtplib.SMTP, to: str, content: bytes) -> None:
    expect_code(client.mail(SENDER), 250, "MAIL")
    expect(client.rcpt(to)[0] in (250, 251), True, f"that RCPT TO:<{to}> is accepted")
    expect_code(client.data(content), 250, "the message")


@SUITE.check("message")
def _message(server: LineServer) -> str:
    with session(server) as client:
        if (to := recipient(server)) is None:
            return _NO_RECIPIENT
        content = _text(to, "dots", _DOTS)
        _send(client, to, content)
        expect_code(client.noop(), 250, "NOOP")
    return digest(content)


@SUITE.check("several messages in one session")
def _several(server: LineServer) -> str:
    with session(server) as client:
        if (to := recipient(server)) is None:
            return _NO_RECIPIENT
        for number in range(5):
            _send(client, to, _text(to, f"number {number}", "Short.\r\n"))
    return "5"


@SUITE.check("large message")
def _large(server: LineServer) -> str:
    """1 MiB, or half of what the server takes at most."""
    with session(server) as client:
        if (to := recipient(server)) is None:
            return _NO_RECIPIENT
        most = client.esmtp_features.get("size", "").strip()
        size = min(_LARGE, int(most[:15]) // 2) if most.isdigit() and int(most[:15]) else _LARGE
        _send(client, to, _text(to, "large", ("x" * 70 + "\r\n") * (size // 72)))
    return str(size)


@SUITE.check("announced as too large")
def _too_large(server: LineServer) -> str:
    with session(server) as client:
        most = client.esmtp_features.get("size", "").strip()
        if not most.isdigit() or not int(most[:15]):
            return OFF
        said = verdict(client.mail(SENDER, [f"SIZE={_HUGE}"]), "MAIL with SIZE")
        if said == "accepted":
            raise AnswerError(f"SIZE={_HUGE} is accepted, although {most} is the limit")
        expect_code(client.rset(), 250, "RSET")
    return "refused"


@SUITE.check("unfinished message")
def _unfinished(server: LineServer) -> str | None:
    """A client that is gone in the midst of a message: nothing is delivered."""
    with session(server) as client:
        client.mail(SENDER)
        said = verdict(client.rcpt(recipient(server) or "postmaster"), "RCPT")
        if said == "accepted":
            expect_code(client.docmd("DATA"), 354, "DATA")
            client.send(b"Subject: broken off\r\n\r\nHalf a li")
    later = connected(server.peer)
    try:
        expect_code(later.ehlo(), 250, "EHLO after that")
    finally:
        later.close()
    return said
