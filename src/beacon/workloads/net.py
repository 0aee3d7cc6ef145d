"""Talks to a container by plain sockets: what no well-behaved client library would send."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from beacon.workloads.checks import AnswerError, Deadline

_ANSWER_LIMIT = 16 << 20


@dataclass(frozen=True)
class Peer:
    """Where to connect, and until when."""

    address: str
    port: int
    deadline: Deadline

    @property
    def host(self) -> str:
        """The address as URLs have it: an IPv6 one in brackets."""
        return f"[{self.address}]" if ":" in self.address else self.address

    def connect(self) -> socket.socket:
        """Open a connection; OSError if nobody listens."""
        return socket.create_connection((self.address, self.port), self.deadline.wait())

    def own_address(self) -> str:
        """Our address as the server sees it; OSError if nobody listens."""
        with Peer.connect(self) as connection:
            return str(connection.getsockname()[0])


#: What we call the server: not its address, which changes from run to run and which pages repeat.
HOST = "localhost"


def unverified_tls() -> ssl.SSLContext:
    """A client that takes every certificate: nobody we know vouches for a container's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class TlsPeer(Peer):
    """A peer that is talked to through TLS, as `name` (None: without a name)."""

    context: ssl.SSLContext = field(default_factory=unverified_tls, compare=False)
    name: str | None = HOST

    def connect(self) -> ssl.SSLSocket:
        """Open a connection and shake hands; OSError (ssl.SSLError too) if that fails."""
        plain = super().connect()
        try:
            return self.context.wrap_socket(plain, server_hostname=self.name)
        except BaseException:
            plain.close()
            raise


def speaks_tls(peer: Peer, patience: float = 1.0) -> bool:
    """Whether somebody listens there and shakes hands, within `patience` seconds."""
    brief = Deadline(peer.deadline.left(patience), peer.deadline.stop)
    try:
        TlsPeer(peer.address, peer.port, brief).connect().close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Reply:
    """All that came back; `closed` tells whether the peer ended the connection."""

    content: bytes
    closed: bool

    @property
    def manner(self) -> str:
        """`answered`, `closed` or `silent`."""
        if self.content:
            return "answered"
        return "closed" if self.closed else "silent"


def exchange(
    peer: Peer, pieces: Sequence[bytes], *, pause: float = 0.0, patience: float = 2.0
) -> Reply:
    """Send `pieces`, `pause` seconds apart, and read until the end or `patience` seconds pass.

    OSError if nobody listens; AnswerError if the answer has no end.
    """
    with peer.connect() as connection:
        # A server may refuse what it has read so far and close: its answer still counts.
        with suppress(OSError):
            _send(connection, pieces, pause)
        return receive(connection, Deadline(peer.deadline.left(patience), peer.deadline.stop))


def _send(connection: socket.socket, pieces: Sequence[bytes], pause: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number, piece in enumerate(pieces):
        if number:
            time.sleep(pause)
        connection.sendall(piece)


def receive(connection: socket.socket, deadline: Deadline) -> Reply:
    """Read until the peer closes or `deadline` passes; AnswerError if the answer has no end."""
    content = bytearray()
    while len(content) <= _ANSWER_LIMIT:
        connection.settimeout(deadline.wait())
        try:
            chunk = connection.recv(1 << 16)
        except TimeoutError:
            return Reply(bytes(content), closed=False)
        except OSError:  # a reset ends a connection as well as a proper close
            return Reply(bytes(content), closed=True)
        if not chunk:
            return Reply(bytes(content), closed=True)
        content += chunk
        if deadline.left(1.0) <= 0:
            return Reply(bytes(content), closed=False)
    raise AnswerError(f"the answer is longer than {_ANSWER_LIMIT >> 20} MiB")


def reset(peer: Peer, piece: bytes) -> None:
    """Send `piece` and break the connection off with a reset, as a crashed client does."""
    with peer.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(piece)
