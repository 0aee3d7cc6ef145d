"""One connection as imaplib makes it, and the mailboxes that are ours."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import PATIENCE, LineServer
from beacon.workloads.net import Peer, TlsPeer, unverified_tls

#: Our mailboxes begin with this; all of them are deleted at the end.
PREFIX = "beacon-check"
OFF, NO_ACCOUNT = "not offered", "no account"
_ATOM = rb'"((?:[^"\\]|\\.)*)"'
_NAMESPACE = re.compile(rb"\(\(" + _ATOM + rb" (?:" + _ATOM + rb"|NIL)")
_LISTED = re.compile(rb"\([^)]*\) (?:" + _ATOM + rb'|NIL) "?([^"]*)"?')

Check = Callable[[LineServer, imaplib.IMAP4], str]


def quoted(text: str) -> str:
    """A quoted string of the protocol."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def connected(peer: Peer) -> imaplib.IMAP4:
    """A client that was greeted and knows what is offered."""
    limit = peer.deadline.wait(PATIENCE)
    if isinstance(peer, TlsPeer):
        return imaplib.IMAP4_SSL(peer.address, peer.port, ssl_context=peer.context, timeout=limit)
    return imaplib.IMAP4(peer.address, peer.port, limit)


@contextmanager
def session(server: LineServer, *, secure: bool = False) -> Iterator[imaplib.IMAP4]:
    """A client that was greeted; `secure`: through STARTTLS where that is offered."""
    client = connected(server.peer)
    try:
        if secure and "STARTTLS" in client.capabilities:
            client.starttls(unverified_tls())
        yield client
    finally:
        with suppress(OSError):  # it is gone already
            client.shutdown()


@contextmanager
def logged_in(server: LineServer) -> Iterator[imaplib.IMAP4 | None]:
    """A client with the container's BEACON_IMAP_USER; None where there is no account."""
    account = server.account("BEACON_IMAP")
    with session(server, secure=False) as client:
        secret = "LOGINDISABLED" in client.capabilities
        if account is None:
            yield None
            return
        if not secret:
            client.login(quoted(account[0]), account[1])
            yield client
            return
    with session(server, secure=True) as client:
        client.login(quoted(account[0]), account[1])
        yield client


def with_account(check: Check) -> Callable[[LineServer], str]:
    """Have a check called with a client that is logged in, where there is an account."""

    @wraps(check)
    def tried(server: LineServer) -> str:
        with logged_in(server) as client:
            return NO_ACCOUNT if client is None else check(server, client)

    return tried


def ok(answer: tuple[str, Any], what: str) -> list[Any]:
    """What came with an answer that is OK; AnswerError that names `what` for any other."""
    if answer[0] != "OK":
        raise AnswerError(f"{what}: {answer[0]} {str(answer[1])[:80]}")
    return list(answer[1])


def offers(client: imaplib.IMAP4, name: str) -> bool:
    """Whether the server has this extension, as it says now (a login may change it)."""
    words = ok(client.capability(), "CAPABILITY")
    return any(name.encode() in word.split() for word in words if isinstance(word, bytes))


def mailbox(client: imaplib.IMAP4, name: str = "") -> str:
    """Where a mailbox of ours is: some servers want all of them below INBOX."""
    prefix = b""
    if offers(client, "NAMESPACE"):
        found = ok(client.namespace(), "NAMESPACE")
        match = _NAMESPACE.match(found[0]) if found and isinstance(found[0], bytes) else None
        prefix = match[1] if match else b""
    return prefix.decode("ascii", "replace")[:40] + PREFIX + name


def listed(client: imaplib.IMAP4) -> list[str]:
    """The names of our mailboxes that are there."""
    found = ok(client.list('""', quoted(mailbox(client) + "*")), "LIST")
    matches = (_LISTED.match(each) for each in found if isinstance(each, bytes))
    return sorted(match[2].decode("ascii", "replace") for match in matches if match)


def clean(server: LineServer) -> str:
    """Delete our mailboxes with what is in them."""
    with logged_in(server) as client:
        if client is None:
            return NO_ACCOUNT
        for name in listed(client)[:20]:
            client.unsubscribe(quoted(name))
            ok(client.delete(quoted(name)), f"DELETE {name}")
        if left := listed(client):
            raise AnswerError(f"{left[0]} is still there")
    return "clean"
