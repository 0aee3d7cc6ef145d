"""What needs no PostgreSQL; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.postgres.packets import error_state, message, startup
from beacon_catalogue.postgres.server import Server
from beacon_catalogue.postgres.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 77
_READY = message(b"Z", b"I")


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _agreeable(connection: socket.socket) -> None:
    """Lets everybody in and says of every statement that it is done."""
    connection.recv(1 << 16)
    connection.sendall(b"N")
    connection.recv(1 << 16)
    connection.sendall(message(b"R", b"\0\0\0\0") + _READY)
    while connection.recv(1 << 16):
        connection.sendall(message(b"C", b"SELECT 0\0") + _READY)


def _refusing(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(message(b"E", b"SFATAL\0C28P01\0M\x1b[2J go away\0\0"))


def _starting(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(message(b"E", b"SFATAL\0C57P03\0Mstarting up\0\0"))


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _agreeable, _refusing, _starting, _nonsense])
def test_what_is_no_postgres_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.4)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert sum(check.passed for check in checks) <= 5  # a refusal is right where one is asked for
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in apart)


def test_it_signs_in_as_the_container_was_told() -> None:
    peer = Peer("127.0.0.1", 1, Deadline(1))
    told = {"POSTGRES_USER": "owner", "POSTGRES_PASSWORD": "p", "POSTGRES_DB": "shop"}
    server = Server(peer, told)
    assert (server.user, server.password, server.database) == ("owner", "p", "shop")
    untold = Server(peer, {"POSTGRES_USER": ""})
    assert (untold.user, untold.database) == ("postgres", "postgres")
    assert untold.password  # without one, libpq would send a password of this machine's user


def test_a_first_message_and_an_error_are_as_the_protocol_says() -> None:
    assert startup("a", "b") == b"\0\0\0\x1b\0\3\0\0user\0a\0database\0b\0\0"
    assert error_state(message(b"E", b"SFATAL\0C28P01\0Mno\0\0")) == "28P01"
    assert error_state(b"N") == error_state(b"") == error_state(b"E\0\0") == ""
