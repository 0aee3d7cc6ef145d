"""What needs no etcd; its content is checked against a real one in tests/catalogue."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import AnswerError
from beacon.workloads.interface import Endpoint
from beacon_catalogue.etcd import SERVICE
from beacon_catalogue.etcd.store import coded, key, names, parsed, values
from beacon_catalogue.etcd.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, listening, nobody, serving

_NAMES = 24


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"220 \x1b[2J hello\r\n")


def _endless(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b'{"a":' * 1000)


def _agreeable(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def _no_object(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")


@pytest.mark.parametrize("behaviour", [_silent, _nonsense, _endless, _agreeable, _no_object])
def test_what_is_no_etcd_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 1)
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    passed = {check.name for check in checks if check.passed}
    # An empty object is what a server without keys answers, too; its other port is closed.
    assert passed <= {
        "peer port", "slow client", "half-closed client", "reset", "cleaning up"
    }  # fmt: skip
    assert all((check.detail or "").isprintable() for check in checks)


def test_another_web_server_is_none() -> None:
    with serving(Healthy) as port:
        checks = WORKLOAD.drive(endpoint(port), 2)
    assert {check.name for check in checks if check.passed} <= {"peer port"}


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert {check.name for check in (*apart, *alone) if check.passed} <= {"peer port"}


def test_ranges_are_read() -> None:
    pairs = {"kvs": [{"key": coded(key("a")), "value": coded(b"\xff")}, {"key": coded(key("b"))}]}
    assert names(pairs) == ["a", "b"]
    assert values(pairs) == [b"\xff", b""]
    assert (names({}), values({})) == ([], [])


@pytest.mark.parametrize("content", [b"", b"[]", b"beacon", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError):
        parsed(content)


def test_the_probe_finds_only_etcd() -> None:
    (probe,) = SERVICE.probes
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    assert probe.answer.match(head + b'{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}')
    assert not probe.answer.match(head + b'{"version":"1"}')
