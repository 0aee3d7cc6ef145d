"""The protocol by hand: for what a client library does not do, such as being a replica."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from beacon.workloads.checks import AnswerError
from beacon_catalogue.redis.server import Server

_LINE_LIMIT = 1000
_SNAPSHOT_LIMIT = 256 << 20
_MARK = 40
_SHORTLY = 0.1


class Raw:
    """One connection; AnswerError where the server does not play its part."""

    def __init__(self, connection: socket.socket, server: Server) -> None:
        self._connection = connection
        self._server = server
        self._rest = bytearray()

    def say(self, *words: str) -> None:
        """Send one command."""
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        self._connection.sendall(f"*{len(words)}\r\n{parts}".encode())

    def ask(self, *words: str) -> str:
        """Send one command; the line that answers it."""
        self.say(*words)
        return self.line()

    def must(self, answer: str, *words: str) -> None:
        """Send one command; AnswerError unless its line begins like this."""
        line = self.ask(*words)
        if not line.startswith(answer):
            raise AnswerError(f"{words[0]}: {line[:80]}")

    def line(self) -> str:
        """The next line; a server sends empty ones to show that it is still at work."""
        while (end := self._rest.find(b"\r\n" if self._rest[:1] != b"\n" else b"\n")) < 1:
            if end == 0:
                del self._rest[:1]
            elif len(self._rest) > _LINE_LIMIT:
                raise AnswerError("a line without an end")
            else:
                self._more()
        line = bytes(self._rest[:end])
        del self._rest[: end + 2]
        return line.decode("utf-8", "replace")

    def snapshot(self) -> bytes:
        """All data of the server: of a length told before, or up to a mark told before."""
        head = self.line()
        if head.startswith("$EOF:") and len(head) == 5 + _MARK:
            return self._until(head[5:].encode())
        if head[:1] != "$" or not head[1:].isdigit() or int(head[1:]) > _SNAPSHOT_LIMIT:
            raise AnswerError(f"no snapshot, but {head[:80]}")
        while len(self._rest) < int(head[1:]):
            self._more()
        return self._taken(int(head[1:]))

    def _until(self, mark: bytes) -> bytes:
        searched = 0
        while (end := self._rest.find(mark, max(0, searched - _MARK))) < 0:
            searched = len(self._rest)
            self._more()
        content = self._taken(end)
        del self._rest[: len(mark)]
        return content

    def follow(self, expected: bytes, *saying: str) -> None:
        """Read until something has `expected` in it, and say this whenever nothing comes."""
        while expected not in self._rest:
            try:
                self._more(_SHORTLY)
            except TimeoutError:
                if saying:
                    self.say(*saying)

    def _taken(self, count: int) -> bytes:
        content = bytes(self._rest[:count])
        del self._rest[:count]
        return content

    def _more(self, seconds: float = 5.0) -> None:
        deadline = self._server.peer.deadline
        deadline.check()
        self._connection.settimeout(min(seconds, deadline.wait()))
        chunk = self._connection.recv(1 << 16)
        if not chunk or len(self._rest) > _SNAPSHOT_LIMIT:
            raise AnswerError("the server ended the connection")
        self._rest += chunk


@contextmanager
def raw(server: Server) -> Iterator[Raw]:
    """A connection, with its password given if there is one."""
    with server.peer.connect() as connection:
        one = Raw(connection, server)
        if server.password:
            one.must("+OK", "AUTH", server.password)
        yield one
