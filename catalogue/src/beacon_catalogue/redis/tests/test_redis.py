"""What needs no Redis; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.interface import Endpoint
from beacon_catalogue.redis.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 53


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _agreeable(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"+OK\r\n")


def _refusing(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"-NOAUTH Authentication \x1b[2J required.\r\n")


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _agreeable, _refusing, _nonsense])
def test_what_is_no_redis_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 1)
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert sum(check.passed for check in checks) <= 3  # a refusal is right where one is asked for
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))
