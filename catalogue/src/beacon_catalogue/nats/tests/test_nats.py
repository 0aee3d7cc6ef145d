"""What needs no NATS server; its content is checked against a real one in tests/catalogue."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.nats.line import Line, Message
from beacon_catalogue.nats.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 21
_INFO = b'INFO {"server_id":"x","version":"2","proto":1,"max_payload":9,"headers":true}\r\n'
#: What a greeting alone earns.
_GREETED = {"greeting", "silent client", "monitoring"}


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _greeting(connection: socket.socket) -> None:
    connection.sendall(_INFO)
    while connection.recv(1 << 16):
        pass


def _agreeable(connection: socket.socket) -> None:
    connection.sendall(_INFO)
    while connection.recv(1 << 16):
        connection.sendall(b"PONG\r\n")


def _asking(connection: socket.socket) -> None:
    """Asks for a sign of life without end."""
    connection.sendall(_INFO)
    while True:
        connection.sendall(b"PING\r\n" * 100)


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"INFO {" + b"x" * 1000)


def _huge(connection: socket.socket) -> None:
    connection.sendall(_INFO)
    while connection.recv(1 << 16):
        connection.sendall(b"MSG a 1 999999999\r\n" + b"x" * 1000)


@pytest.mark.parametrize(
    "behaviour", [_silent, _nonsense, _greeting, _agreeable, _asking, _endless, _huge]
)
def test_what_is_no_server_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 1)
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert {check.name for check in checks if check.passed} <= _GREETED
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert {check.name for check in (*apart, *alone) if check.passed} == {"monitoring"}


def _told(content: bytes) -> Message:
    def behave(connection: socket.socket) -> None:
        connection.sendall(_INFO + content)
        connection.recv(1 << 16)

    with listening(behave) as port, Line(Peer("127.0.0.1", port, Deadline(1))) as line:
        return line.message()


def test_messages_are_read() -> None:
    assert _told(b"MSG a.b 1 2\r\nhi\r\n") == Message(
        subject="a.b", subscription="1", payload=b"hi"
    )
    assert _told(b"PING\r\nMSG a 1 r 0\r\n\r\n") == Message(
        subject="a", subscription="1", payload=b"", reply="r"
    )
    assert _told(b"HMSG a 1 r 2 4\r\nhhhi\r\n") == Message(
        subject="a", subscription="1", payload=b"hi", reply="r", header=b"hh"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"+OK\r\n",
        b"MSG a 1\r\n",
        b"MSG a 1 -1\r\n",
        b"MSG a 1 x\r\n",
        b"MSG a 1 999999999\r\n",
        b"HMSG a 1 9 4\r\nhhhi\r\n",
        b"MSG " + b"x" * 100_000,
    ],
)
def test_what_is_no_message_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError):
        _told(content)
