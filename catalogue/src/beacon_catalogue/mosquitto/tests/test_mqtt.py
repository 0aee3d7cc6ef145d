"""What needs no broker; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.mosquitto.bad_clients import _hello
from beacon_catalogue.mosquitto.broker import Broker, client_id, topic
from beacon_catalogue.mosquitto.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 31


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _welcoming(connection: socket.socket) -> None:
    """A broker that lets everybody in and then says the same to everything."""
    while connection.recv(1 << 16):
        connection.sendall(b"\x20\x02\x00\x00")


def _refusing(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"\x20\x02\x00\x05")


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _endless(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"\x30\xff\xff\xff\x7f" + b"x" * 1000)


@pytest.mark.parametrize("behaviour", [_silent, _welcoming, _refusing, _nonsense, _endless])
def test_what_is_no_broker_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.5)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    others = {"TLS", "WebSocket"}  # a listener that is absent is not a fault
    assert not any(check.passed for check in checks if check.name not in others)
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def test_user_and_password_come_from_the_container() -> None:
    peer = Peer("127.0.0.1", 1883, Deadline(5))
    named = Broker(peer, {"MQTT_USERNAME": "me", "MQTT_PASSWORD": "secret"})
    assert _hello(named).endswith(b"\x00\x00\x00\x02me\x00\x06secret")
    assert _hello(Broker(peer, {})) == b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00"


def test_only_clients_that_are_cleaned_up_can_be_used() -> None:
    assert client_id("kept").startswith("beacon-")
    assert topic("x").startswith("beacon/")
    with pytest.raises(ValueError, match="not in tuple"):
        client_id("unheard of")
