"""One connection of a NATS client, by the protocol's text (docs.nats.io, "NATS protocol")."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, unverified_tls

_MOST_LINE = 64 << 10
_MOST_PAYLOAD = 16 << 20
_PATIENCE = 5.0
_NUMBER = re.compile(rb"\d{1,9}")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it was delivered."""

    subject: str
    subscription: str
    payload: bytes
    reply: str | None = None
    header: bytes | None = None


class Line:
    """A connection; the server's INFO is read, and TLS begun where the server wants it."""

    def __init__(self, peer: Peer) -> None:
        self._deadline = peer.deadline
        self._buffer = bytearray()
        self._socket: socket.socket = peer.connect()
        try:
            self.info = self._hello()
            self.secure = bool(self.info.get("tls_required"))
            if self.secure:
                self._socket = unverified_tls().wrap_socket(self._socket)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def send(self, content: bytes) -> None:
        """Send what may be any words of the protocol."""
        self._socket.settimeout(self._deadline.wait(_PATIENCE))
        self._socket.sendall(content)

    def connect(self, **options: object) -> bytes:
        """Say who we are, and ask for a sign of life; the server's first word to that."""
        told = {"verbose": False, "pedantic": False, "lang": "python", "version": "0"}
        words = json.dumps(
            {**told, "protocol": 1, "headers": True, "no_responders": True, **options}
        )
        self.send(f"CONNECT {words}\r\nPING\r\n".encode())
        return self.word()

    def subscribe(self, subject: str, number: int, group: str = "") -> None:
        """Subscribe, as a member of a group if it is named."""
        self.send(f"SUB {subject} {group} {number}\r\n".encode())

    def publish(
        self, subject: str, payload: bytes, reply: str = "", header: bytes | None = None
    ) -> None:
        """Publish a message."""
        if header is None:
            head = f"PUB {subject} {reply} {len(payload)}\r\n".encode()
        else:
            total = len(header) + len(payload)
            head = f"HPUB {subject} {reply} {len(header)} {total}\r\n".encode() + header
        self.send(head + payload + b"\r\n")

    def flush(self) -> list[Message]:
        """All that was delivered until the server answers a PING."""
        self.send(b"PING\r\n")
        found: list[Message] = []
        while True:
            word = self.word()
            if word == b"PONG":
                return found
            found.append(self._message(word))

    def message(self) -> Message:
        """The next message; AnswerError if something else comes."""
        return self._message(self.word())

    def word(self) -> bytes:
        """The next line of the server's own; its questions for a sign of life are answered."""
        while True:
            self._deadline.check()
            line = self._line()
            if line == b"PING":
                self.send(b"PONG\r\n")
            elif not line.startswith(b"INFO "):  # told again whenever something changes
                return line

    def ended(self) -> bool:
        """Whether the server ends the connection, whatever it says before."""
        try:
            while True:
                self._deadline.check()
                self._line()
        except TimeoutError:
            return False
        except (AnswerError, OSError):
            return True

    def _message(self, line: bytes) -> Message:
        kind, *words = line.split()
        numbers = 2 if kind == b"HMSG" else 1
        if kind not in (b"MSG", b"HMSG") or not 2 + numbers <= len(words) <= 3 + numbers:
            raise AnswerError(f"{line[:80]!r} instead of a message")
        if not all(_NUMBER.fullmatch(word) for word in words[-numbers:]):
            raise AnswerError("a message without a length")
        *_, total = sizes = [int(word) for word in words[-numbers:]]
        if total > _MOST_PAYLOAD or sizes[0] > total:
            raise AnswerError(f"the server announces {total} bytes")
        content = self._exactly(total + 2)[:-2]
        names = [word.decode("utf-8", "replace") for word in words[:-numbers]]
        header = content[: sizes[0]] if numbers == 2 else None
        payload = content[sizes[0] :] if numbers == 2 else content
        return Message(
            subject=names[0],
            subscription=names[1],
            payload=payload,
            reply=names[2] if names[2:] else None,
            header=header,
        )

    def _hello(self) -> Mapping[str, Any]:
        line = self._line()
        try:
            info = json.loads(line.removeprefix(b"INFO ")) if line.startswith(b"INFO ") else None
        except (ValueError, RecursionError):
            info = None
        if not isinstance(info, dict):
            raise AnswerError("the server does not begin with its INFO")
        return info

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MOST_LINE:
                raise AnswerError("a line of the server has no end")
            self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line.strip()

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        content = bytes(self._buffer[:size])
        del self._buffer[:size]
        return content

    def _more(self) -> None:
        self._deadline.check()
        self._socket.settimeout(self._deadline.wait(_PATIENCE))
        piece = self._socket.recv(1 << 16)
        if not piece:
            raise AnswerError("the server closed the connection")
        self._buffer += piece


def headers(pairs: Mapping[str, str]) -> bytes:
    """A message's headers as they are sent."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()
