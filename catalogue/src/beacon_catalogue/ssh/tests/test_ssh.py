"""What needs no SSH server; its content is checked against a real one in tests/catalogue."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon_catalogue.ssh.hello import offers
from beacon_catalogue.ssh.pace import Pace, punishes
from beacon_catalogue.ssh.server import first_line
from beacon_catalogue.ssh.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 27
_NAMED = {"BEACON_SSH_USER": "me", "BEACON_SSH_PASSWORD": "secret"}
_BANNER = b"SSH-2.0-fake \x1b[2J\r\n"
#: What a greeting alone earns; nobody is let in, and nobody is shown out.
_GREETED = {"greeting", "parallel clients", "half-closed client", "reset"}
_SHUT = {"malformed packets", "long line"}


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _greeting(connection: socket.socket) -> None:
    connection.sendall(_BANNER)
    while connection.recv(1 << 16):
        pass


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 1000 + b"\n")


def _hostile(connection: socket.socket) -> None:
    """A packet that says it is huge, and then never ends."""
    connection.sendall(_BANNER + b"\xff\xff\xff\xff")
    while True:
        connection.sendall(b"\xff" * 1000)


def _broken(connection: socket.socket) -> None:
    connection.sendall(_BANNER + _packet([b"kex"] * 2))
    connection.recv(1 << 16)


def _packet(lists: list[bytes]) -> bytes:
    body = b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(x)) + x for x in lists)
    return struct.pack(">IB", len(body) + 5, 4) + body + bytes(4)


@pytest.mark.parametrize("env", [{}, _NAMED])
@pytest.mark.parametrize("behaviour", [_silent, _nonsense, _greeting, _endless, _hostile, _broken])
def test_what_is_no_server_fails_in_time(behaviour, env: dict[str, str]) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(
            Endpoint(container=CONTAINER, address="127.0.0.1", ports=(port,), env=env), 1
        )
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    passed = {check.name for check in checks if check.passed and check.value != "no account"}
    assert passed <= _GREETED | _SHUT
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in apart)
    assert {check.value for check in alone if check.passed} == {"no account"}


def test_lists_of_algorithms_are_read() -> None:
    lists = [b"a,b", b"c", b"d", b"e", b"f", b"g"]
    found = offers(b"Welcome\r\nSSH-2.0-x\r\n" + _packet(lists))
    assert found["key exchanges"] == ["a", "b"]
    assert found["MACs back"] == ["g"]


@pytest.mark.parametrize(
    "packet",
    [b"", b"\0\0\0\x01", _packet([b"a"]), b"\0\0\0\x06\x01\x15" + bytes(30), b"\xff" * 90],
)
def test_what_is_no_list_is_told(packet: bytes) -> None:
    with pytest.raises(AnswerError):
        offers(b"SSH-2.0-x\r\n" + packet)


@pytest.mark.parametrize("content", [b"", b"SSH-2.0-x", b"SSH-1.5-x\n", b"220 SSH-2.0-\n"])
def test_another_greeting_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError):
        first_line(content)


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.7", False),
        (b"SSH-2.0-OpenSSH_9.8p1 Debian", True),
        (b"SSH-2.0-OpenSSH_10.0p2", True),
        (b"SSH-2.0-OpenSSH_9999.9999", False),
        (b"SSH-2.0-dropbear", False),
    ],
)
def test_newer_servers_hold_it_against_us(greeting: bytes, expected: bool) -> None:
    assert punishes(greeting) is expected


def test_penalties_run_off_before_there_are_more() -> None:
    pace, started = Pace(Deadline(5)), time.monotonic()
    pace.wait(5)
    assert time.monotonic() - started < 0.1
    pace.wait(0.3)
    assert time.monotonic() - started >= 0.29
    with pytest.raises(AnswerError):
        Pace(Deadline(0.1)).wait(9)
