"""Conversations in lines, as SMTP, FTP, IMAP and POP3 hold them, that end however long they get."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer

#: What one line may have, what all lines of a conversation may have, and the lines of one answer.
_LINE, _ALL, _LINES = 1 << 16, 1 << 20, 1000
_PIECE = 1 << 14
#: Seconds that an answer may take: many servers look a client's name up before they greet it.
PATIENCE = 9.0
_REPLY = re.compile(rb"([1-5]\d\d)([ -]|$)")


class ClosedError(AnswerError):
    """The server ended the connection before it had said what it was asked for."""


class Reply(NamedTuple):
    """An answer of SMTP or FTP: its code, and the text of each of its lines."""

    code: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class LineServer:
    """A server that is talked to in lines; `env` are the container's own variables."""

    peer: Peer
    env: Mapping[str, str] = field(default_factory=dict)

    def account(self, prefix: str) -> tuple[str, str] | None:
        """User and password as `prefix`_USER and `prefix`_PASSWORD name them; None without."""
        user = self.env.get(f"{prefix}_USER")
        return (user, self.env.get(f"{prefix}_PASSWORD", "")) if user else None

    def lines(self) -> Lines:
        """Open a connection; OSError if nobody listens."""
        return Lines(self.peer.connect(), self.peer.deadline)


def line_server(peer: Peer, endpoint: Endpoint) -> LineServer:
    """What a SuiteWorkload of such a service connects to."""
    return LineServer(peer, endpoint.env)


class Lines:
    """One connection. What comes in is bounded in length and in time: AnswerError or OSError."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection, self._deadline = connection, deadline
        self._rest = bytearray()
        self._budget = _ALL
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, content: bytes) -> None:
        """Send all of `content`, as it is."""
        self._connection.settimeout(self._deadline.wait())
        self._connection.sendall(content)

    def half_close(self) -> None:
        """Send nothing more, but read on."""
        self._connection.shutdown(socket.SHUT_WR)

    def line(self) -> bytes:
        """The next line without its end."""
        start = 0
        while (found := self._rest.find(b"\n", start)) < 0:
            start = len(self._rest)
            if start > _LINE:
                raise AnswerError(f"a line is longer than {_LINE >> 10} KiB")
            self._rest += self._more()
        line = bytes(self._rest[:found])
        del self._rest[: found + 1]
        return line.removesuffix(b"\r")

    def _more(self) -> bytes:
        self._deadline.check()
        self._connection.settimeout(self._deadline.wait(PATIENCE))
        content = self._connection.recv(_PIECE)
        self._budget -= len(content)
        if not content:
            raise ClosedError("the server closed the connection")
        if self._budget < 0:
            raise AnswerError(f"the answers are longer than {_ALL >> 20} MiB")
        return content

    def until(self, last: re.Pattern[bytes]) -> bytes:
        """The next line that begins as `last` says; those before it are passed over."""
        for _ in range(_LINES):
            line = self.line()
            if last.match(line):
                return line
        raise AnswerError(f"an answer has more than {_LINES} lines")

    def ask(self, command: bytes) -> bytes:
        """Send a line; the first line of what is answered."""
        self.send(command + b"\r\n")
        return self.line()

    def reply(self, command: bytes | None = None) -> Reply:
        """The next answer with a code (SMTP's and FTP's), to `command` if there is one."""
        if command is not None:
            self.send(command + b"\r\n")
        texts: list[str] = []
        code = None
        while len(texts) < _LINES:
            line = self.line()
            match = _REPLY.match(line)
            if code is None and not match:
                raise AnswerError(f"an answer without a code: {line[:60]!r}")
            code = code or (match[1] if match else None)
            texts.append(line.removeprefix((code or b"") + b"-")[:500].decode("ascii", "replace"))
            if match and match[1] == code and match[2] != b"-":
                texts[-1] = texts[-1][4:]
                return Reply(int(code), tuple(texts))
        raise AnswerError(f"an answer has more than {_LINES} lines")

    def is_closed(self) -> bool:
        """Whether the server ends the connection now, whatever it still says before that."""
        try:
            for _ in range(_LINES):
                self._connection.settimeout(self._deadline.wait())
                if not self._connection.recv(_PIECE):
                    return True
        except TimeoutError:
            return False
        except OSError:  # a reset ends it as well
            return True
        return False
