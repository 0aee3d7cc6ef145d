"""Connections of kazoo that take no more than they can hold, and nothing on the user's screen."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kazoo.client import KazooClient
from kazoo.handlers.threading import SequentialThreadingHandler

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, unverified_tls

_ANSWER_LIMIT = 64 << 20

# Without a handler of ours, Python would write the library's warnings to standard error.
logging.getLogger("kazoo").addHandler(logging.NullHandler())


class _Limit:
    """Ends a connection when its other side has said too much."""

    budget = _ANSWER_LIMIT

    def recv(self, size: int, flags: int = 0) -> bytes:
        content: bytes = super().recv(size, flags)  # type: ignore[misc]
        self.budget -= len(content)
        if self.budget < 0:
            raise OSError("the answers are longer than they may be")
        return content


class _Bounded(_Limit, socket.socket):
    pass


class _BoundedTls(_Limit, ssl.SSLSocket):  # type: ignore[misc]
    pass


class _Handler(SequentialThreadingHandler):  # type: ignore[misc]
    def create_connection(self, *arguments: Any, **options: Any) -> socket.socket:
        connection: socket.socket = super().create_connection(*arguments, **options)
        if isinstance(connection, ssl.SSLSocket):  # which cannot be made anew: it has a state
            connection.__class__ = _BoundedTls
            return connection
        timeout = connection.gettimeout()
        bounded = _Bounded(fileno=connection.detach())
        bounded.settimeout(timeout)
        return bounded


@contextmanager
def linked(peer: Peer, *, tls: bool, **options: Any) -> Iterator[KazooClient]:
    """A client with a session, which ends with it."""
    client = KazooClient(
        hosts=f"{peer.host}:{peer.port}",
        handler=_Handler(),
        connection_retry={"max_tries": 1, "delay": 0.05},
        use_ssl=tls,
        verify_certs=False,
        **{"command_retry": {"max_tries": 1, "delay": 0.05}, **options},
    )
    try:
        client.start(timeout=peer.deadline.wait())
        yield client
    finally:
        with suppress(Exception):  # what a broken server provokes here says nothing new
            client.stop()
            client.close()


def connect(peer: Peer, *, tls: bool, patience: float | None = None) -> socket.socket:
    """A connection without kazoo; a container's certificate is its own, nobody vouches for it."""
    connection = peer.connect()
    if patience is not None:
        connection.settimeout(max(0.1, peer.deadline.left(patience)))
    if not tls:
        return connection
    try:
        return unverified_tls().wrap_socket(connection)
    except BaseException:
        connection.close()
        raise


def refused(
    kind: type[Exception] | tuple[type[Exception], ...], action: Callable[[], object], what: str
) -> None:
    """AnswerError that names `what` unless `action` is refused in this way."""
    try:
        action()
    except kind:
        return
    raise AnswerError(f"{what} was accepted")
