"""Sends a container its standard input through the streaming server of a CRI runtime.

The server takes WebSockets (RFC 6455) of the protocol v4.channel.k8s.io: each message begins with a
byte that says of which stream it is. The input's end is the connection's end, which is why the
container has `stdin_once`.
https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/remotecommand/websocket.go
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

from beacon.engines.interface import RefusedError

_PROTOCOL = "v4.channel.k8s.io"
_STDIN = b"\x00"
_BINARY, _CLOSE = 0x82, 0x88  # the last frame of a message, and its kind
_MASKED = 0x80
_SECONDS = 30.0
_CLOSING = 5.0
_LARGEST_ANSWER = 16 << 10
_CHUNK = 32 << 10
#: Ctrl-D: a terminal ends a line by it, and the input where no line has begun.
_END_OF_INPUT = b"\x04"


class Input:
    """Sends chunks in the background; the runtime's `url` is one of this host."""

    def __init__(
        self, url: str, stdin: Callable[[], Iterator[bytes]], *, terminal: bool = False
    ) -> None:
        self._terminal = terminal
        self._socket = _connected(url)
        self._threads = [Thread(target=self._send, args=(stdin(),), name="input", daemon=True)]
        if terminal:  # its output comes here, too: a runtime logs it as fast as this is read
            self._threads.append(Thread(target=self._discard, name="echo", daemon=True))
        for each in self._threads:
            each.start()

    def close(self) -> None:
        """End it, also in the middle."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join(_CLOSING)
        self._socket.close()

    def _send(self, chunks: Iterator[bytes]) -> None:
        """All of it and its end; a container that ends or closes it earlier ends this."""
        last = b"\n"
        with suppress(OSError):
            for chunk in chunks:
                for start in range(0, len(chunk), _CHUNK):
                    part = chunk[start : start + _CHUNK]
                    self._socket.sendall(_frame(_BINARY, _STDIN + part))
                    last = part[-1:]
            if self._terminal:  # in mid-line the first only sends the line
                ends = _END_OF_INPUT * (1 if last == b"\n" else 2)
                self._socket.sendall(_frame(_BINARY, _STDIN + ends))
            else:
                self._socket.sendall(_frame(_CLOSE, struct.pack("!H", 1000)))
                self._discard()  # until the server has read all of it

    def _discard(self) -> None:
        with suppress(OSError):
            while self._socket.recv(_CHUNK):
                pass


def _frame(kind: int, content: bytes) -> bytes:
    """A message in one frame, masked as a client's has to be."""
    size = len(content)
    if size < 126:
        head = struct.pack("!BB", kind, _MASKED | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", kind, _MASKED | 126, size)
    else:
        head = struct.pack("!BBQ", kind, _MASKED | 127, size)
    # It keeps proxies from being misled, of which there is none here.
    return head + bytes(4) + content


def _connected(url: str) -> socket.socket:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or 80
    except ValueError:
        raise RefusedError("The runtime's streaming server has no valid address.") from None
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {_PROTOCOL}\r\nOrigin: http://{host}\r\n\r\n"
    )
    try:
        connection = socket.create_connection((host, port), _SECONDS)
        try:
            connection.sendall(request.encode())
            answer = _head(connection)
            if not answer.startswith(b"HTTP/1.1 101 "):
                raise OSError(f"it answers {os.fsdecode(answer[:40].splitlines()[0])}")
        except BaseException:
            connection.close()
            raise
    except (OSError, IndexError) as error:
        raise RefusedError(f"The runtime's streaming server takes no input ({error}).") from None
    connection.settimeout(None)
    return connection


def _head(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < _LARGEST_ANSWER:
        chunk = connection.recv(1)
        if not chunk:
            break
        answer += chunk
    return answer
