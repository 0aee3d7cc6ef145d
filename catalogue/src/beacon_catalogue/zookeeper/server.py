"""A ZooKeeper server under test: clients, our nodes, the words it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.security import make_digest_acl

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon_catalogue.zookeeper.link import connect, linked

#: Above every node we make. Unusual on purpose: whatever it holds is deleted.
ROOT = "/beacon-check"
QUOTA = f"/zookeeper/quota{ROOT}"

_PATIENCE = 1.0

#: Who may still delete what others may not even read.
ACCOUNT = ("beacon", "check")


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, environment: Mapping[str, str], ports: tuple[int, ...]) -> None:
        self.peer = peer
        self.environment = environment
        self.ports = ports
        self.tls = _wants_tls(peer)
        self.abandoned: str | None = None

    def client(self, **options: Any) -> AbstractContextManager[KazooClient]:
        """A client with a session of its own."""
        return linked(self.peer, tls=self.tls, **options)

    def known(self) -> AbstractContextManager[KazooClient]:
        """A client that has said who it is."""
        return self.client(auth_data=[("digest", ":".join(ACCOUNT))])

    def clean(self) -> str:
        """Delete our nodes, those of an interrupted run too."""
        with self.known() as client:
            for path in (QUOTA, ROOT):
                with suppress(NoNodeError):
                    client.delete(path, recursive=True)
            expect(client.exists(ROOT), None, "our nodes after their deletion")
            client.ensure_path(ROOT)  # also for checks that come next
            client.delete(ROOT)
        return "no node left"


def _wants_tls(peer: Peer) -> bool:
    """A server that wants it closes without it, or waits for more, and answers with it."""
    return not _answers(peer, tls=False) and _answers(peer, tls=True)


def _answers(peer: Peer, *, tls: bool) -> bool:
    try:
        with connect(peer, tls=tls, patience=_PATIENCE) as connection:
            connection.sendall(b"srvr")
            return bool(connection.recv(1))
    except OSError:
        return False


def node(name: str) -> str:
    """Our node of this name."""
    return f"{ROOT}/{name}"


def fresh(client: KazooClient, name: str, content: bytes = b"") -> str:
    """Our node of this name, with nothing below it."""
    path = node(name)
    with suppress(NoNodeError):
        client.delete(path, recursive=True)
    client.create(path, content, makepath=True)
    return path


def own_acl() -> list[Any]:
    """Rights for our account alone."""
    return [make_digest_acl(*ACCOUNT, all=True)]


def expect(actual: object, expected: object, what: str) -> None:
    """AnswerError that names `what` unless both are equal."""
    if actual != expected:
        raise AnswerError(f"{what}: {_brief(actual)} instead of {_brief(expected)}")


def _brief(reply: object) -> str:
    text = repr(reply)
    return text if len(text) <= 80 else f"{text[:80]}…"


def until(condition: Callable[[], bool], server: Server, what: str, seconds: float = 5.0) -> None:
    """Wait until `condition` holds; AnswerError that names `what` if that takes too long."""
    end = time.monotonic() + server.peer.deadline.left(seconds)
    while not condition():
        if time.monotonic() >= end:
            raise AnswerError(f"{what} did not happen within {seconds:.0f} seconds")
        time.sleep(0.05)
