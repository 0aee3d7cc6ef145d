"""What needs no memcached; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.memcached.line import open_line
from beacon_catalogue.memcached.manner import Manner, find
from beacon_catalogue.memcached.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 47


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _agreeable(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"OK\r\n")


def _refusing(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"SERVER_ERROR \x1b[2J out of everything\r\n")


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _agreeable, _refusing, _nonsense])
def test_what_is_no_memcached_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.7)
    assert time.monotonic() - started < 4
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert sum(check.passed for check in checks) <= 6  # nothing is asked of what is switched off
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in apart)


def _speaks_text(connection: socket.socket) -> None:
    while content := connection.recv(1 << 16):
        connection.sendall(b"VERSION 1\r\n" if content.startswith(b"version") else b"ERROR\r\n")


def _wants_an_account(connection: socket.socket) -> None:
    if connection.recv(1 << 16).startswith(b"\x80"):
        connection.sendall(b"\x81\x0a\0\0\0\0\0\x20" + b"\0" * 16)


@pytest.mark.parametrize(
    ("behaviour", "manner"),
    [
        (_speaks_text, Manner(tls=False, text=True, binary=False)),
        (_wants_an_account, Manner(tls=False, text=False, binary=True)),
        (_nonsense, Manner()),
    ],
)
def test_manner_of_a_server(behaviour, manner) -> None:  # noqa: ANN001
    with listening(behaviour) as port:
        assert find(Peer("127.0.0.1", port, Deadline(5))) == manner


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * (1 << 20))


def test_an_endless_answer_is_given_up() -> None:
    with listening(_endless) as port:
        peer = Peer("127.0.0.1", port, Deadline(5))
        with open_line(peer, tls=False) as line, pytest.raises(AnswerError, match="MiB"):
            line.until(b"\n")
        with open_line(peer, tls=False) as line, pytest.raises(AnswerError, match="announces"):
            line.exactly(1 << 32)
