"""Serves the application with the standard library alone, by PROCESSES processes."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from http.server import ThreadingHTTPServer
from types import FrameType

from connection import Handler

PORT = int(os.environ.get("PORT", "8000"))
PROCESSES = int(os.environ.get("PROCESSES", "1"))

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")


class Server(ThreadingHTTPServer):
    """Listens for the whole network."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that break off are no event."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def stop_on_signals(server: Server) -> None:
    """End the loop from another thread: it would wait for itself."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def children(server: Server) -> list[int]:
    """Fork the other processes; empty in each of them."""
    pids: list[int] = []
    for _ in range(PROCESSES - 1):
        pid = os.fork()
        if pid == 0:
            return []
        pids.append(pid)
    return pids


def main() -> None:
    """Listen, then serve until a signal comes."""
    with Server(("", PORT), Handler) as server:
        server.socket.setblocking(PROCESSES == 1)  # another process may have taken a connection
        pids = children(server)
        stop_on_signals(server)
        if pids or PROCESSES == 1:
            logging.info("listening on port %d with %d processes", PORT, PROCESSES)
        server.serve_forever(0.1)
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
