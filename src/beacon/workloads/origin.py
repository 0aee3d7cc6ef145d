"""An HTTP server of ours on this host, to which a container that passes requests on connects."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

#: Its page, and a header of every answer, by which a client knows that it came from here.
PAGE = b"beacon origin\n"
MARK = "X-Beacon-Origin"
#: More of a request's body is not read.
_MOST = 4 << 20
_LARGE = 1 << 20
_PATIENCE = 5.0  # seconds that a client of it may be silent


class Origin(ThreadingHTTPServer):
    """Serves at `address`, from entering to leaving; harmless, whoever else finds it.

    `/large` is a mebibyte, `/cached` may be kept, `/chunked` has no length, `/broken` ends too
    early, `/echo` answers a body with itself; any other path is a page. `location` is its host and
    port as URLs have them, `requests` how often each path was asked for. OSError where nobody may
    serve at that address.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str) -> None:
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, 0), _Handler)
        host = f"[{address}]" if ":" in address else address
        self.location = f"{host}:{self.server_address[1]}"
        self.requests: Counter[str] = Counter()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def server_bind(self) -> None:
        """Bind without asking the name server what this host is called."""
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client may leave when it likes."""

    def __enter__(self) -> Origin:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    server: Origin

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what it is asked shows in `requests`."""

    def do_GET(self) -> None:
        path = self._path()
        if path == "/chunked":
            return self._chunked()
        if path == "/cached" and self.headers["If-None-Match"] == '"beacon"':
            return self._answer(b"", status=304, ETag='"beacon"')
        if path == "/cached":
            return self._answer(PAGE, ETag='"beacon"', Cache_Control="max-age=600")
        if path == "/broken":
            self._answer(PAGE, promised=1000)
            self.close_connection = True
            return None
        return self._answer(b"x" * _LARGE if path == "/large" else PAGE)

    do_HEAD = do_OPTIONS = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def do_POST(self) -> None:
        self._path()
        length = self.headers["Content-Length"] or "0"
        body = self.rfile.read(min(int(length), _MOST)) if length.isdecimal() else b""
        self._answer(body)

    do_PUT = do_POST  # noqa: N815 - the standard library's name

    def _path(self) -> str:
        path = urlsplit(self.path).path
        self.server.requests[path] += 1
        return path

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header(MARK, "yes")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _answer(
        self, body: bytes, *, status: int = 200, promised: int | None = None, **headers: str
    ) -> None:
        length = len(body) if promised is None else promised
        self._head(status, **headers, Content_Length=str(length))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _chunked(self) -> None:
        self._head(200, Transfer_Encoding="chunked")
        if self.command != "HEAD":
            for _ in range(3):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(PAGE), PAGE))
            self.wfile.write(b"0\r\n\r\n")
