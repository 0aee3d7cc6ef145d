"""What needs no ZooKeeper; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.zookeeper.admin import SUITE as ADMIN
from beacon_catalogue.zookeeper.raw import Session
from beacon_catalogue.zookeeper.server import Server
from beacon_catalogue.zookeeper.words import SUITE as WORDS
from beacon_catalogue.zookeeper.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 71


def _server(port: int, environment: dict[str, str] | None = None) -> Server:
    return Server(Peer("127.0.0.1", port, Deadline(2)), environment or {}, (port, 8080))


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _agreeable(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(struct.pack(">i", 40) + bytes(40))


def _boastful(connection: socket.socket) -> None:
    connection.sendall(b"\x7f\xff\xff\xff \x1b[2J")


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _agreeable, _boastful, _nonsense])
def test_what_is_no_zookeeper_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.5)
    assert time.monotonic() - started < 4
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    # Nothing is asked of an admin server whose port the container does not have.
    passed = [check for check in checks if check.passed and not check.name.startswith("admin ")]
    assert len(passed) <= 5
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 0.5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in apart)


def test_a_frame_that_nothing_can_hold_is_not_waited_for() -> None:
    with listening(_boastful) as port, pytest.raises(AnswerError, match="announces 2147483647"):
        Session(_server(port))


def _refuses(connection: socket.socket) -> None:
    word = connection.recv(4)
    connection.sendall(word + b" is not executed because it is not in the whitelist.\n")


def _wrong(connection: socket.socket) -> None:
    connection.recv(4)
    connection.sendall(b"imfine")


def test_a_word_that_is_not_allowed_passes_and_a_wrong_answer_fails() -> None:
    with listening(_refuses) as port:
        assert WORDS.checks["word ruok"](_server(port)) == "not allowed"
    with listening(_wrong) as port, pytest.raises(AnswerError, match="imfine"):
        WORDS.checks["word ruok"](_server(port))


def test_an_admin_server_that_was_switched_off_is_not_asked() -> None:
    server = _server(nobody(), {"ZOO_ADMINSERVER_ENABLED": "false"})
    assert {check(server) for check in ADMIN.checks.values()} == {"switched off"}
