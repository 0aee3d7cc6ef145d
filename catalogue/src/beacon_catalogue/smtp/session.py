"""One connection as smtplib makes it, plain or with TLS."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import PATIENCE, LineServer
from beacon.workloads.net import Peer, TlsPeer, unverified_tls

#: What we call ourselves; it names nobody (RFC 2606).
NAME = "beacon.invalid"
SENDER = f"check@{NAME}"
OFF = "not offered"


def recipient(server: LineServer) -> str | None:
    """Whom the container's BEACON_SMTP_RECIPIENT lets us send messages to."""
    return server.env.get("BEACON_SMTP_RECIPIENT") or None


@contextmanager
def session(server: LineServer, *, secure: bool = False) -> Iterator[smtplib.SMTP]:
    """A client that was greeted; `secure`: through STARTTLS where that is offered."""
    client = connected(server.peer)
    try:
        if secure:
            client.ehlo()
            if client.has_extn("starttls"):
                client.starttls(context=unverified_tls())
        expect_code(client.ehlo(), 250, "EHLO")
        yield client
    finally:
        client.close()


def connected(peer: Peer) -> smtplib.SMTP:
    """A client that was greeted but said nothing yet; OSError unless it was."""
    limit = peer.deadline.wait(PATIENCE)
    if isinstance(peer, TlsPeer):
        return smtplib.SMTP_SSL(peer.address, peer.port, NAME, timeout=limit, context=peer.context)
    return smtplib.SMTP(peer.address, peer.port, NAME, timeout=limit)


def expect_code(reply: tuple[int, bytes], code: int, what: str) -> None:
    """AnswerError that names `what` unless the reply has this code."""
    if reply[0] != code:
        raise AnswerError(f"{what}: {reply[0]} {reply[1][:80]!r} instead of {code}")


def verdict(reply: tuple[int, bytes], what: str) -> str | None:
    """`accepted`, `refused`, or None for a refusal that holds for the moment alone."""
    if reply[0] // 100 == 2:
        return "accepted"
    if reply[0] // 100 == 4:
        return None
    if reply[0] // 100 == 5:
        return "refused"
    raise AnswerError(f"{what}: {reply[0]} {reply[1][:80]!r}")
