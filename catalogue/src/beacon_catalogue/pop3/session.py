"""One connection as poplib makes it, plain or with TLS."""

from __future__ import annotations

import poplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from beacon.workloads.lines import PATIENCE, LineServer
from beacon.workloads.net import TlsPeer, unverified_tls

OFF, NO_ACCOUNT = "not offered", "no account"


class _Pop3(poplib.POP3):
    """Closes its connection when it is not greeted well."""

    def __init__(self, *args: Any, **options: Any) -> None:
        try:
            super().__init__(*args, **options)
        except BaseException:
            if getattr(self, "file", None) is not None:
                self.close()
            raise


class _Pop3s(_Pop3, poplib.POP3_SSL):
    pass


def connected(server: LineServer) -> poplib.POP3:
    """A client that was greeted."""
    peer = server.peer
    limit = peer.deadline.wait(PATIENCE)
    if isinstance(peer, TlsPeer):
        return _Pop3s(peer.address, peer.port, timeout=limit, context=peer.context)
    return _Pop3(peer.address, peer.port, limit)


@contextmanager
def session(server: LineServer, *, secure: bool = False) -> Iterator[poplib.POP3]:
    """A client that was greeted; `secure`: through STLS where that is offered."""
    client = connected(server)
    try:
        if secure and "STLS" in offered(client):
            client.stls(unverified_tls())
        yield client
    finally:
        client.close()


@contextmanager
def logged_in(server: LineServer) -> Iterator[poplib.POP3 | None]:
    """A client with the container's BEACON_POP3_USER; None where there is no account."""
    account = server.account("BEACON_POP3")
    with session(server, secure=account is not None) as client:
        if account is None:
            client.quit()
            yield None
            return
        client.user(account[0])
        client.pass_(account[1])
        yield client


def offered(client: poplib.POP3) -> dict[str, list[str]]:
    """What CAPA says; nothing where the server does not know CAPA."""
    try:
        return client.capa()
    except poplib.error_proto as error:
        if is_refusal(error):
            return {}
        raise


def is_refusal(error: poplib.error_proto) -> bool:
    """Whether the server has said -ERR; what poplib itself says is text, not bytes."""
    said = error.args[0] if error.args else None
    return isinstance(said, bytes) and said.startswith(b"-ERR")
