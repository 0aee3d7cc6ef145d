"""Standard input through a streaming server that answers as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from beacon.engines.cri_input import Input
from beacon.engines.interface import RefusedError

_MUCH = 16 << 20


def _accepted(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    asked = b""
    while b"\r\n\r\n" not in asked:
        asked += connection.recv(1024)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    return connection


def test_what_a_terminal_shows_holds_nobody_up() -> None:
    """A runtime that cannot get rid of the output writes nothing to the log either."""
    written = threading.Event()

    def serve(listener: socket.socket) -> None:
        with _accepted(listener) as connection:
            connection.settimeout(10)
            connection.sendall(bytes(_MUCH))
            written.set()

    def nothing() -> Iterator[bytes]:
        return iter(())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        given = Input(f"http://127.0.0.1:{listener.getsockname()[1]}/x", nothing, terminal=True)
        assert written.wait(10)
        given.close()
        serving.join()


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/x", "http://[/x"])
def test_an_address_that_is_not_one(url: str) -> None:
    with pytest.raises(RefusedError, match="no valid address"):
        Input(url, lambda: iter(()))
