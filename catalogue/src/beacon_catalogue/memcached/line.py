"""One connection to memcached, plain or with TLS, that takes no more than it can hold."""

from __future__ import annotations

import socket

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import Peer, unverified_tls

_ANSWER_LIMIT = 64 << 20
_PIECE = 1 << 16


class Line:
    """Reads by token or length; pymemcache also takes it for a socket."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._rest = b""
        self._budget = _ANSWER_LIMIT

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> tuple[str, int]:
        """Our end of the connection."""
        host, port = self._connection.getsockname()[:2]
        return str(host), int(port)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def sendall(self, content: bytes) -> None:
        """Send all of `content`."""
        self._connection.sendall(content)

    def recv(self, size: int) -> bytes:
        """Some bytes, none at the end; AnswerError once they are too many or too late."""
        self._deadline.check()
        content = self._connection.recv(size)
        self._budget -= len(content)
        if self._budget < 0:
            raise AnswerError(f"the answers are longer than {_ANSWER_LIMIT >> 20} MiB")
        return content

    def _more(self) -> bytes:
        content = self.recv(_PIECE)
        if not content:
            raise AnswerError("the server closed the connection")
        return content

    def until(self, token: bytes) -> bytes:
        """What comes before and with `token`."""
        pieces = bytearray(self._rest)
        start = 0
        while (found := pieces.find(token, start)) < 0:
            start = max(0, len(pieces) - len(token))
            pieces += self._more()
        end = found + len(token)
        self._rest = bytes(pieces[end:])
        return bytes(pieces[:end])

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size > _ANSWER_LIMIT:
            raise AnswerError(f"the server announces {size} bytes")
        pieces = bytearray(self._rest)
        while len(pieces) < size:
            pieces += self._more()
        self._rest = bytes(pieces[size:])
        return bytes(pieces[:size])

    def to_the_end(self) -> bytes:
        """All that comes until the server closes; a reset and silence end it as well."""
        pieces = bytearray(self._rest)
        self._rest = b""
        try:
            while content := self.recv(_PIECE):
                pieces += content
        except OSError:
            return bytes(pieces)
        return bytes(pieces)

    def ask(self, command: bytes, token: bytes = b"\r\n") -> bytes:
        """Send a command line; the answer up to and without `token`."""
        self.sendall(command + b"\r\n")
        return self.until(token)[: -len(token)]


def open_line(peer: Peer, *, tls: bool, patience: float | None = None) -> Line:
    """Connect; OSError if nobody listens or TLS is refused."""
    connection = peer.connect()
    if patience is not None:
        connection.settimeout(patience)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        try:
            connection = unverified_tls().wrap_socket(connection, server_hostname=peer.address)
        except BaseException:
            connection.close()
            raise
    return Line(connection, peer.deadline)
