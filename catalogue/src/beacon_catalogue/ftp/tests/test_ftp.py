"""What is no FTP server passes nothing; real ones are driven in tests/catalogue."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.interface import Endpoint
from beacon_catalogue.ftp import SERVICE
from beacon_catalogue.ftp.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _hostile(connection: socket.socket) -> None:
    """Greets well, then says the same to everything."""
    connection.sendall(b"220 FTP\r\n")
    while connection.recv(1 << 16):
        connection.sendall(b"999 \x1b[2J\xff\r\n")


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220 FTP\r\n" + b"x" * 70_000)


@pytest.mark.parametrize("behaviour", [_silent, _hostile, _nonsense, _endless])
def test_what_is_no_server_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.7)
    assert time.monotonic() - started < 5
    assert tuple(check.name for check in checks) == WORKLOAD.suite.names
    assert {check.name for check in checks if check.passed} <= set[str]()
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(CONTAINER, None, ()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def _matching(said: bytes) -> list[int]:
    return [n for n, probe in enumerate(SERVICE.probes) if probe.answer.match(said)]


def test_probes_know_their_protocol_and_no_other() -> None:
    for said in (
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"5.5.5-10.11.6-MariaDB",
        b"220 ready\r\n500 unknown\r\n",
    ):
        assert _matching(said) == []
    assert _matching(b"220 beacon.test ESMTP Postfix (Debian/GNU)\r\n") == []
    assert _matching(b"220 mail\r\n502 not known\r\n") == []
    assert _matching(b"220 (vsFTPd 3.0.3)\r\n") == [0]
    assert _matching(b"220-one\r\n220 two\r\n211-Features:\r\n") == [1]
