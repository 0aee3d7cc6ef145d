"""What needs no RabbitMQ; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest
from pika import spec
from pika.exceptions import AMQPError

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.discovery import find
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.net import Peer
from beacon_catalogue.rabbitmq import bounded
from beacon_catalogue.rabbitmq.broker import Broker, exchange, queue
from beacon_catalogue.rabbitmq.frames import GREETING, method, named, opening
from beacon_catalogue.rabbitmq.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 47


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _foreign(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(GREETING)


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _endless_frame(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"\x01\x00\x00\xff\xff\xff\xff" + b"x" * 1000)


def _starting(connection: socket.socket) -> None:
    """A broker that greets well and then agrees to whatever it hears, without a word more."""
    start = spec.Connection.Start(0, 9, {"product": "\x1b[2J"}, "PLAIN AMQPLAIN", "en_US")
    connection.recv(1 << 16)
    connection.sendall(method(0, start))
    while connection.recv(1 << 16):
        connection.sendall(method(0, spec.Connection.Tune(100, 131072, 60)))


@pytest.fixture(scope="module")
def apart() -> Workload:
    """In a process of its own: pika leaves sockets open when a connection ends early."""
    workload = find("amqp")
    workload.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    return workload


@pytest.mark.parametrize("behaviour", [_silent, _foreign, _nonsense, _endless_frame, _starting])
def test_what_is_no_broker_fails_in_time(behaviour, apart: Workload) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = apart.drive(endpoint(port), 0.5)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert not any(check.passed for check in checks if check.name not in _DOORS)
    assert all((check.detail or "").isprintable() for check in checks)


#: A door that is shut is no fault; TLS and STOMP have nobody listening here either. The greeting
#: asks for no more than what a broken broker may do, too.
_DOORS = {"TLS", "metrics", "management", "STOMP", "AMQPLAIN"}


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def _flooding(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"\x01\x00\x00\xff\xff\xff\xff")
    while True:
        connection.sendall(b"x" * 10_000)


def test_a_broker_cannot_fill_our_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_LIMIT", 100_000)
    with listening(_flooding) as port:
        broker = Broker(Peer("127.0.0.1", port, Deadline(5)), {})
        with pytest.raises(AMQPError, match="more than 0 MiB"), broker.connection():
            pass


def test_user_password_and_virtual_host_come_from_the_container() -> None:
    env = {
        "RABBITMQ_DEFAULT_USER": "me",
        "RABBITMQ_DEFAULT_PASS": "secret",
        "RABBITMQ_DEFAULT_VHOST": "mine",
    }
    broker = Broker(Peer("127.0.0.1", 5672, Deadline(5)), env)
    parameters = broker.parameters()
    assert parameters.virtual_host == "mine"
    assert (parameters.credentials.username, parameters.credentials.password) == ("me", "secret")
    assert b"\0me\0secret" in opening(broker)


def test_without_an_environment_it_is_the_guest() -> None:
    parameters = Broker(Peer("127.0.0.1", 5672, Deadline(5)), {}).parameters()
    assert (parameters.credentials.username, parameters.virtual_host) == ("guest", "/")


def test_only_names_that_are_cleaned_up_can_be_used() -> None:
    assert queue("classic").startswith("beacon.")
    for make in (queue, exchange):
        with pytest.raises(ValueError, match="not in tuple"):
            make("unheard of")


def test_a_method_that_did_not_come_is_named_beside_those_that_did() -> None:
    content = method(0, spec.Connection.TuneOk(1, 2, 3)) + method(1, spec.Channel.OpenOk())
    assert named(content, "Channel.OpenOk").NAME == "Channel.OpenOk"
    with pytest.raises(AnswerError, match=r"Connection.Close but Connection.TuneOk, Channel"):
        named(content, "Connection.Close")
