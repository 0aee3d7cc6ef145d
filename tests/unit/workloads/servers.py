"""Small real servers on loopback, healthy and broken ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from beacon.workloads.interface import Endpoint

CONTAINER = "0123456789ab" + "c" * 52
PAGE = b"<html>" + b"hello " * 500 + b"</html>"


def endpoint(port: int, container: str = CONTAINER) -> Endpoint:
    return Endpoint(container=container, address="127.0.0.1", ports=(port,))


class Healthy(BaseHTTPRequestHandler):
    """Serves one page; subclasses break it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def page(self) -> bytes:
        return PAGE

    def answer(self, status: int, body: bytes, *, promised: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.send_header("ETag", '"beacon"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.split("?")[0] != "/":
            return self.answer(404, b"no such page")
        if self.headers["If-None-Match"] == '"beacon"':
            self.send_response(304)
            return self.end_headers()
        if self.headers["Range"]:
            return self.part()
        return self.answer(200, self.page())

    do_HEAD = do_GET  # noqa: N815 (the standard library's name)

    def part(self) -> None:
        """One range; whatever else is asked for gets the whole page."""
        start, dash, end = self.headers["Range"].removeprefix("bytes=").partition("-")
        whole = not dash or not (start + end).isdigit() or self.headers["If-Range"]
        if whole or int(start or 0) >= len(self.page()):
            return self.answer(200, self.page())
        last = int(end) + 1 if start and end else None
        return self.answer(206, self.page()[int(start) if start else -int(end) : last])

    def sent(self) -> bytes:
        """The body of the request, with a length or in chunks."""
        if "Content-Length" in self.headers:
            return self.rfile.read(max(0, int(self.headers["Content-Length"])))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def do_POST(self) -> None:
        self.sent()
        self.answer(405, b"")


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # with the default of 5, parallel connections wait for a second

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that break off are what we test; they need no traceback."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listening(behaviour: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that hands each connection to `behaviour` and closes it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, behaviour), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, behaviour: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_behave, args=(connection, behaviour), daemon=True).start()


def _behave(connection: socket.socket, behaviour: Callable[[socket.socket], None]) -> None:
    with connection:
        try:
            behaviour(connection)
        except OSError:
            return


def nobody() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
