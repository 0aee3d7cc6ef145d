"""ZooKeeper's protocol without a library: sessions that break off, and newer operations."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from beacon.workloads.checks import AnswerError
from beacon_catalogue.zookeeper.link import connect
from beacon_catalogue.zookeeper.server import Server

_FRAME_LIMIT = 8 << 20
_ANYBODY = struct.pack(">ii", 1, 31)  # one entry: all rights

CREATE, EXISTS, PING, CHECK_WATCHES, REMOVE_WATCHES = 1, 3, 11, 17, 18
CREATE_CONTAINER, CREATE_TTL = 19, 21
EPHEMERALS, ALL_CHILDREN, ADD_WATCH, WHO_AM_I = 103, 104, 106, 107
OK, UNIMPLEMENTED, NO_WATCHER = 0, -6, -121
NOTIFICATION = -1


def number(value: int) -> bytes:
    """An int."""
    return struct.pack(">i", value)


def buffer(content: bytes) -> bytes:
    """A length and the content."""
    return number(len(content)) + content


def text(value: str) -> bytes:
    """A string."""
    return buffer(value.encode())


def creation(path: str, kind: int) -> bytes:
    """The body of a request for a node that anybody may do anything to."""
    return text(path) + buffer(b"") + _ANYBODY + text("world") + text("anyone") + number(kind)


@dataclass(frozen=True)
class Reply:
    """The answer to one request, or a notification of a watch."""

    xid: int
    error: int
    body: bytes


class Session:
    """A session of its own, or one that is taken over."""

    def __init__(
        self, server: Server, *, milliseconds: int = 4000, taken: int = 0, secret: bytes = b""
    ) -> None:
        self._connection = connect(server.peer, tls=server.tls)
        self._deadline = server.peer.deadline
        self._xid = 0
        request = struct.pack(">iqiq", 0, 0, milliseconds, taken) + buffer(secret or bytes(16))
        try:
            self._connection.sendall(buffer(request + b"\0"))
            answer = self._frame()
            _, self.milliseconds, self.number = struct.unpack(">iiq", answer[:16])
        except BaseException:
            self.break_off()
            raise
        self.secret = answer[20:36]

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.break_off()

    def break_off(self) -> None:
        """End the connection, not the session."""
        self._connection.close()

    def close(self) -> None:
        """End the session as well."""
        self._connection.sendall(buffer(struct.pack(">ii", self._xid + 1, -11)))
        self._frame()
        self.break_off()

    def call(self, operation: int, body: bytes = b"") -> Reply:
        """Send a request and read what comes next."""
        self._xid += 1
        self._connection.sendall(buffer(struct.pack(">ii", self._xid, operation) + body))
        return self.next()

    def announce(self, size: int, start: bytes) -> None:
        """Send the start of a request of this size, no more: a server may not read the rest."""
        self._connection.sendall(number(size) + start)

    def next(self) -> Reply:
        """The next reply or notification."""
        frame = self._frame()
        if len(frame) < 16:
            raise AnswerError(f"a reply of {len(frame)} bytes")
        xid, _, error = struct.unpack(">iqi", frame[:16])
        return Reply(xid, error, frame[16:])

    def _frame(self) -> bytes:
        length = struct.unpack(">i", self._exactly(4))[0]
        if not 0 <= length <= _FRAME_LIMIT:
            raise AnswerError(f"the server announces {length} bytes")
        return self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            self._deadline.check()
            piece = self._connection.recv(size - len(content))
            if not piece:
                raise AnswerError("the server closed the connection")
            content += piece
        return bytes(content)
