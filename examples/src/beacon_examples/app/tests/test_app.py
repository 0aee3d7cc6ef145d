"""What needs no application; its content is checked against real ones in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_examples.app.application import Application, parsed
from beacon_examples.app.workload import SUITE, WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, listening, nobody, serving


class _Agreeable(Healthy):
    """Says yes to everything, in JSON that nobody asked for."""

    def do_GET(self) -> None:  # noqa: N802
        self.answer(200, b'{"keys": "\\u001b[2J", "deleted": [1], "sums": {}}')

    do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.do_GET()


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"[" * (1 << 16))


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH\r\n")


def _switching(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x7f")


def _of_the_api(port: int, seconds: float) -> list[str]:
    application = Application(Peer("127.0.0.1", port, Deadline(seconds)))
    passed = []
    for name, check in SUITE.checks.items():
        try:
            check(application)
        except Exception:  # noqa: S112 - run_all turns it into a failed check
            continue
        passed.append(name)
    return passed


@pytest.mark.parametrize("behaviour", [_endless, _nonsense, _switching])
def test_what_is_no_application_passes_nothing(behaviour) -> None:  # noqa: ANN001
    with listening(behaviour) as port:
        assert _of_the_api(port, 0.5) == []


def test_who_agrees_to_everything_passes_nothing() -> None:
    with serving(_Agreeable) as port:
        assert _of_the_api(port, 0.5) == []


def test_a_silent_server_fails_in_time() -> None:
    started = time.monotonic()
    with listening(lambda connection: connection.recv(1 << 20) and time.sleep(2)) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.7)
    assert time.monotonic() - started < 4
    assert not any(check.passed for check in checks if check.name.startswith("app: "))
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    names = [check.name for check in apart]
    assert names == [check.name for check in alone]
    assert len(set(names)) == len(names)
    assert not any(check.passed for check in (*apart, *alone) if check.name.startswith("app: "))
    assert sum(name.startswith("app: ") for name in names) == 39


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b"\xff", b"null", b'{"a"'])
def test_what_is_no_object_of_json_is_a_failed_answer(content: bytes) -> None:
    with pytest.raises(AnswerError, match="is no JSON"):
        parsed(content)
