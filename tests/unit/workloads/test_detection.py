from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beacon.model.listener import Listener
from beacon.model.recognition import Spoken
from beacon.workloads import detection
from beacon.workloads.detection import DetectionWorkload, spoken
from beacon.workloads.discovery import drivers
from beacon.workloads.interface import Endpoint
from unit.workloads.servers import CONTAINER, Healthy, listening, nobody, serving

_PEM = Path(__file__).parents[3] / "catalogue/src/beacon_catalogue/haproxy/variants/site.pem"


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_PATIENCE", 0.3)


def _asked(port: int, transport: str = "tcp") -> list[Spoken]:
    listener = Listener(port, "udp" if transport == "udp" else "tcp")
    workload = DetectionWorkload((listener,))
    endpoint = Endpoint(container=CONTAINER, address="127.0.0.1", ports=())
    checks = workload.drive(endpoint, 30)
    assert workload.reached(endpoint, checks) == frozenset()
    return list(spoken(checks))


def _saying(banner: bytes = b"", answers: dict[bytes, bytes] | None = None) -> Callable[..., None]:
    def behave(connection: socket.socket) -> None:
        connection.sendall(banner)
        question = connection.recv(1000)
        for start, answer in (answers or {}).items():
            if question.startswith(start):
                connection.sendall(answer)

    return behave


@pytest.mark.parametrize(
    ("banner", "answers", "workload"),
    [
        (b"J\x00\x00\x00\x0a11.4.2-MariaDB\x00", {}, "mysql"),
        (b"", {b"PING": b"+PONG\r\n"}, "redis"),
        (b"", {b"PING": b"-NOAUTH Authentication required.\r\n"}, "redis"),
        (b"", {b"\x00\x00\x00\x08": b"N"}, "postgres"),
        (b"", {b"\x10\x0c": b"\x20\x02\x00\x05"}, "mqtt"),
        (b"", {b"version": b"VERSION 1.6.18\r\n"}, "memcached"),
        (b"", {b"AMQP": b"\x01\x00\x00\x00\x00\x01\xfb\x00\x0a\x00\x0a\x00\x09"}, "amqp"),
        (b"", {b"GET": b"HTTP/1.1 503 Service Unavailable\r\n\r\n"}, "http"),
        (b"", {b"GET": b"-ERR unknown command\r\n", b"PING": b"+PONG\r\n"}, "redis"),
        (b"NOT KNOWN TO ANYBODY\r\n", {}, "tcp"),
        (b"", {b"GET": b"what?\r\n"}, "tcp"),
        (b"\x1b[2J" * 5000, {}, "tcp"),
        (b"", {}, "tcp"),
    ],
)
def test_a_socket_is_known_by_what_it_says(
    banner: bytes, answers: dict[bytes, bytes], workload: str
) -> None:
    with listening(_saying(banner, answers)) as port:
        (found,) = _asked(port)
    assert found == Spoken(port=port, workload=workload, asked=True)


def test_a_closed_port_speaks_nothing_and_a_web_server_http() -> None:
    assert _asked(nobody()) == []
    with serving(Healthy) as port:
        assert _asked(port) == [Spoken(port=port, workload="http", asked=True)]


@contextmanager
def _secure(behave: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_PEM)

    def shake(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as inner:
                behave(inner)
        except OSError:
            pass

    with listening(shake) as port:
        yield port


def test_behind_tls_it_is_asked_again() -> None:
    with _secure(_saying(b"", {b"GET": b"HTTP/1.1 200 OK\r\n\r\n"})) as port:
        assert _asked(port) == [Spoken(port=port, workload="http", tls=True, asked=True)]
    with _secure(_saying(b"who knows\r\n")) as port:
        assert _asked(port) == [Spoken(port=port, workload="tls", tls=True, asked=True)]


def test_datagrams_of_nobody_are_not_guessed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=lambda: server.recv(100), daemon=True)
        thread.start()
        assert _asked(server.getsockname()[1], "udp") == []


def test_without_an_address_nobody_is_asked() -> None:
    assert (
        DetectionWorkload((Listener(1),)).drive(Endpoint(container="", address=None, ports=()), 1)
        == ()
    )


@pytest.mark.parametrize("name", sorted(drivers()))
def test_no_probe_takes_silence_or_noise_for_its_own(name: str) -> None:
    for probe in drivers()[name].probes:
        for answer in (b"", b"\x00" * 64, b"ERROR\r\n", b"HTTP/2 what", bytes(range(256))):
            assert not probe.answer.match(answer)
