"""A connection to a container's own streams, made before it starts so that nothing is lost."""

from __future__ import annotations

import hashlib
import io
import secrets
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

from beacon.engines.docker_guard import answering
from beacon.engines.streams import ERROR, KEPT, OUTPUT

#: How the engine tells the streams of a container without a terminal apart: a stream's number,
#: three empty bytes, the frame's size (moby, pkg/stdcopy).
_HEADER = struct.Struct(">BxxxL")
_STREAMS: Mapping[int, str] = {1: OUTPUT, 2: ERROR}
_CHUNK = 64 << 10
_MOST = 256 << 20  # bytes of a stream
#: Ctrl-D: a terminal ends a line by it, and the input where no line has begun.
_END_OF_INPUT = b"\x04"
#: Seconds for what the engine still holds when the container has ended.
_LAST_WORDS = 30.0
_CLOSING = 5.0


@dataclass(frozen=True)
class Streams:
    """What is sent to a container, if anything, and whether all its streams are one terminal."""

    stdin: Callable[[], Iterator[bytes]] | None = None
    terminal: bool = False


class Attachment:
    """Reads all that a container writes, hashed by stream, and sends its standard input.

    A stream of more than 256 MiB has no digest; it is read on all the same, so that the writer is
    not held up.
    """

    def __init__(self, api: Any, container: str, streams: Streams) -> None:
        self._terminal = streams.terminal
        self._echoes = self._terminal and streams.stdin is not None
        names = (OUTPUT,) if self._terminal else (OUTPUT, ERROR)
        self._hashes = {name: hashlib.sha256() for name in names}
        self._sizes = dict.fromkeys(names, 0)
        self._tail, self._whole = bytearray(), False
        chunks = None if streams.stdin is None else streams.stdin()
        self._stream = _attached(api, container, stdin=chunks is not None)
        self._socket: socket.socket = getattr(self._stream, "_sock", self._stream)
        # Whatever the SDK's limit for an answer, a container may be silent for longer.
        self._socket.settimeout(None)
        self._reader = _background(self._read)
        self._writer = None if chunks is None else _background(self._write, chunks)

    def digests(self) -> dict[str, str | None]:
        """The SHA-256 of each stream, once the container has ended; None if it is not known.

        Nor is what a terminal echoes of its input, each time at another moment.
        """
        self._reader.join(_LAST_WORDS)
        whole = self._whole and not self._echoes
        known = {name: whole and size <= _MOST for name, size in self._sizes.items()}
        return {n: each.hexdigest() if known[n] else None for n, each in self._hashes.items()}

    def tail(self) -> bytes:
        """The last 64 KiB of all streams by now, in the order in which they came."""
        return bytes(self._tail)

    def close(self) -> None:
        """End it: what waits for the container waits no longer."""
        with suppress(OSError):  # the engine was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in (self._reader, self._writer):
            if thread is not None:
                thread.join(_CLOSING)
        response = getattr(self._stream, "_response", None)
        for each in (response, self._stream):  # the second closes under the first
            if each is not None:
                with suppress(OSError):
                    each.close()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as file:
                for name, chunk in _raw(file) if self._terminal else frames(file):
                    self._keep(name, chunk)
            self._whole = True
        except (OSError, ValueError):  # closed under it, or no stream of frames: no digest then
            pass

    def _keep(self, name: str, chunk: bytes) -> None:
        self._sizes[name] += len(chunk)
        if self._sizes[name] <= _MOST:
            self._hashes[name].update(chunk)
        self._tail += chunk
        del self._tail[:-KEPT]

    def _write(self, chunks: Iterator[bytes]) -> None:
        """Send all of it and its end; a container that ends or closes it earlier ends this."""
        last = b"\n"
        with suppress(OSError):
            for chunk in chunks:
                self._socket.sendall(chunk)
                last = chunk[-1:]
            if self._terminal:
                # The engine leaves a terminal open. In mid-line the first only sends the line.
                self._socket.sendall(_END_OF_INPUT * (1 if last == b"\n" else 2))
            else:
                self._socket.shutdown(socket.SHUT_WR)


def _attached(api: Any, container: str, *, stdin: bool) -> Any:
    # No input is to hold the keys by which a user leaves a terminal (by default ctrl-p ctrl-q).
    keys = ",".join(secrets.token_hex(8))
    wanted = {"stdin": int(stdin), "stdout": 1, "stderr": 1, "stream": 1, "detachKeys": keys}
    with answering():
        return api.attach_socket(container, params=wanted)


def _background(work: Callable[..., None], *arguments: object) -> Thread:
    thread = Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def _or_end(read: Callable[[int], bytes], size: int) -> bytes:
    """What `read` answers; nothing once the engine has closed, also with input that it left."""
    try:
        return read(size)
    except ConnectionResetError:
        return b""


def _raw(file: io.BufferedReader) -> Iterator[tuple[str, bytes]]:
    while chunk := _or_end(file.read1, _CHUNK):
        yield OUTPUT, chunk


def frames(file: io.BufferedReader) -> Iterator[tuple[str, bytes]]:
    """The stream's name and content of each frame; ValueError for what is none."""
    while header := _or_end(file.read, _HEADER.size):
        if len(header) < _HEADER.size:
            raise ValueError("a frame without a whole header")
        number, size = _HEADER.unpack(header)
        while size:
            chunk = file.read(min(size, _CHUNK))
            if not chunk or number not in _STREAMS:
                raise ValueError("a frame without its content, or of another stream")
            yield _STREAMS[number], chunk
            size -= len(chunk)
