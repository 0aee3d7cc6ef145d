"""What needs no MariaDB; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import struct
import time
from functools import partial

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.mariadb.raw import Raw, scramble, seed_of
from beacon_catalogue.mariadb.server import Server, ask
from beacon_catalogue.mariadb.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 70
_GREETING = (
    b"\x0a10.11.0-MariaDB\0" + struct.pack("<I", 7) + b"12345678\0"
    + struct.pack("<HBHHB10x", 0xF7FE, 45, 2, 0x81FF, 21) + b"123456789012\0"
    + b"mysql_native_password\0"
)  # fmt: skip
_OK = b"\0\0\0\2\0\0\0"


def _packet(number: int, content: bytes) -> bytes:
    return struct.pack("<I", len(content))[:3] + bytes([number]) + content


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _answering(answer: bytes, connection: socket.socket, heard: list[bytes] | None = None) -> None:
    """Lets everybody in and gives every command the same answer."""
    connection.sendall(_packet(0, _GREETING))
    connection.recv(1 << 16)
    connection.sendall(_packet(2, _OK))
    while said := connection.recv(1 << 16):
        if heard is not None:
            heard.append(said)
        connection.sendall(_packet(1, answer))


def _refusing(connection: socket.socket) -> None:
    connection.sendall(_packet(0, b"\xff\x10\x04\x1b[2J too many connections"))


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    "behaviour",
    [
        _silent,
        partial(_answering, _OK),
        partial(_answering, b"\xfb/etc/passwd"),
        _refusing,
        _nonsense,
    ],
)
def test_what_is_no_mariadb_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.4)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert sum(check.passed for check in checks) <= 5
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def test_a_server_that_asks_for_a_file_gets_none() -> None:
    heard: list[bytes] = []
    stealing = partial(_answering, b"\xfb/etc/passwd", heard=heard)
    with listening(stealing) as port, Server(_peer(port), {}) as server:
        with pytest.raises(RuntimeError), server.session(autocommit=None) as session:
            ask(session, "select 1")
        with Raw(server) as raw:
            assert raw.query("select 1") == b"\xfb/etc/passwd"
    assert heard
    assert not any(b"root:" in said for said in heard)


def test_a_packet_that_is_too_large_is_not_received() -> None:
    def boasting(connection: socket.socket) -> None:
        connection.sendall(b"\xff\xff\xff\0" + b"x" * 1000)

    with listening(boasting) as port, pytest.raises(AnswerError, match="16777215"):
        Raw(Server(_peer(port), {}))


def _peer(port: int) -> Peer:
    return Peer("127.0.0.1", port, Deadline(2))


def test_a_password_is_proven_as_the_protocol_says() -> None:
    assert seed_of(_GREETING) == b"12345678123456789012"
    assert scramble("", b"x" * 20) == b""
    assert scramble("secret", b"x" * 20) != scramble("secret", b"y" * 20)
    assert len(scramble("secret", b"x" * 20)) == 20
    for broken in (b"", b"\x0a", b"\x09" + _GREETING[1:], _GREETING[:30]):
        with pytest.raises(AnswerError):
            seed_of(broken)
