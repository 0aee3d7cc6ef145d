"""One connection, from requests as they come over the wire to WSGI and back."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any
from wsgiref.util import FileWrapper

from app import application

FINAL_CHUNK = b"0\r\n\r\n"


class Body:
    """A request's body, by its length or in chunks."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._file = handler.rfile
        self._chunked = "chunked" in handler.headers.get("Transfer-Encoding", "").lower()
        self._left = 0 if self._chunked else int(handler.headers.get("Content-Length") or 0)
        self.complete = not self._chunked and self._left == 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        pieces: list[bytes] = []
        while size > 0 and not self.complete and (piece := self._piece(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        if self._chunked and self._left == 0:
            self._left = int(self._file.readline(100).split(b";")[0], 16)
            if self._left == 0:
                self.complete = self._file.readline(100) == b"\r\n"
                return b""
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        if self._left == 0:
            self.complete = not self._chunked
            if self._chunked:
                self._file.readline(100)
        return piece


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer a request, whatever its method."""
        body = Body(self)
        answer = application(self._environ(body), self._begin)
        if self._hijacked:
            self.close_connection = True
            return
        try:
            self._send(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        self.close_connection |= not body.complete

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_TRACE = do_GET  # noqa: N815

    def _environ(self, body: Body) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        self._hijacked = False
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in self.headers.items()
        }
        return {
            **headers,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "SERVER_PORT": str(self.connection.getsockname()[1]),
            "wsgi.input": body,
            "wsgi.file_wrapper": FileWrapper,
            "demo.hijack": self._hijack,
        }

    def _hijack(self) -> socket.socket:
        self._hijacked = True
        return self.connection

    def _begin(self, status: str, headers: list[tuple[str, str]], *_: object) -> None:
        if self._hijacked:
            return
        self.send_response(int(status[:3]))
        names = {name.lower() for name, _ in headers}
        for name, text in headers:
            self.send_header(name, text)
        self._chunks = "content-length" not in names and int(status[:3]) != 304
        if self._chunks and self.request_version == "HTTP/1.1":
            self.send_header("Transfer-Encoding", "chunked")
        elif self._chunks:
            self._chunks, self.close_connection = False, True
        self._length = next(
            (int(text) for name, text in headers if name.lower() == "content-length"), 0
        )
        self.end_headers()

    def _send(self, answer: Iterable[bytes]) -> None:
        if self.command == "HEAD":
            return
        if isinstance(answer, FileWrapper):
            file = answer.filelike
            self.connection.sendfile(file, file.tell(), self._length)
            return
        for piece in answer:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunks else piece)
        if self._chunks:
            self.wfile.write(FINAL_CHUNK)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log to standard output, as containers do."""
        logging.info("%s %s", self.client_address[0], format % arguments)
