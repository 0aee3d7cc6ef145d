"""What needs no gRPC server; its content is checked against a real one in tests/catalogue."""

from __future__ import annotations

import socket
import time

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from beacon.workloads.checks import AnswerError
from beacon.workloads.interface import Endpoint
from beacon_catalogue.grpc import HEALTH_CALL, SERVICE, proto
from beacon_catalogue.grpc.call import Call
from beacon_catalogue.grpc.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 19
_AGREEABLE = {"health", "slow client", "metadata", "compressed message", "calls at once"}
_PLAIN = (("content-type", "application/grpc"),)
_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _settings(connection: socket.socket) -> None:
    connection.sendall(_SETTINGS)
    while connection.recv(1 << 16):
        pass


def _pings(connection: socket.socket) -> None:
    """Asks for a sign of life without end."""
    connection.sendall(_SETTINGS)
    while True:
        connection.sendall(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8))


def _broken(connection: socket.socket) -> None:
    connection.sendall(_SETTINGS + b"\xff" * 100)
    connection.recv(1 << 16)


class _Answering:
    """Answers every call with these headers, message and trailers."""

    def __init__(self, content: bytes, *trailers: tuple[str, str], endless: bool = False) -> None:
        self.content, self.trailers, self.endless = content, trailers, endless

    def __call__(self, connection: socket.socket) -> None:
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        connection.sendall(h2.data_to_send())
        while data := connection.recv(1 << 16):
            for event in h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    self._answer(h2, int(event.stream_id or 0))
            connection.sendall(h2.data_to_send())

    def _answer(self, h2: H2Connection, stream: int) -> None:
        h2.send_headers(stream, [(":status", "200"), *_PLAIN])
        h2.send_data(stream, self.content)
        if not self.endless:
            h2.send_headers(stream, self.trailers, end_stream=True)


@pytest.mark.parametrize(
    ("behaviour", "earned"),
    [
        (_silent, set()),
        (_nonsense, set()),
        (_settings, {"slow client"}),
        (_pings, {"slow client"}),
        (_broken, {"slow client"}),
        # Whoever says yes to everything answers no missing method as it must.
        (_Answering(b"\0\0\0\0\0", ("grpc-status", "0")), _AGREEABLE),
        (_Answering(b"", ("grpc-status", "x")), {"slow client"}),
        (_Answering(b"\0\xff\xff\xff\xff", ("grpc-status", "0")), {"slow client"}),
        (_Answering(b"\1\0\0\0\0", ("grpc-status", "0")), {"slow client"}),
        (_Answering(b"\0\0\0\0\0", endless=True), {"slow client"}),
    ],
)
def test_what_is_no_server_fails_in_time(behaviour, earned: set[str]) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 1)
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert {check.name for check in checks if check.passed} <= earned
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def test_the_probe_is_a_call_and_finds_its_answer() -> None:
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    h2.initiate_connection()
    (request,) = (e for e in h2.receive_data(HEALTH_CALL) if isinstance(e, RequestReceived))
    assert (":path", "/grpc.health.v1.Health/Check") in (request.headers or ())
    h2.send_headers(1, [(":status", "200"), *_PLAIN])
    (probe,) = SERVICE.probes
    assert probe.answer.match(h2.data_to_send())
    assert probe.answer.match(
        _SETTINGS + b"\x00\x00\x11\x01\x04\x00\x00\x00\x01_\x10application/grpc"
    )
    assert not probe.answer.match(_SETTINGS + b"\x00\x00\x01\x01\x04\x00\x00\x00\x01\x8d")
    assert not probe.answer.match(b"HTTP/1.1 400 application/grpc")


def test_fields_are_written_and_read() -> None:
    message = proto.text(1, "a" * 300) + b"\x10\x96\x01" + b"\x1d\0\0\0\0" + b"\x21" + bytes(8)
    found = proto.fields(message)
    assert proto.inner(found, 1) == [b"a" * 300]
    assert proto.integer(found, 2) == 150
    assert proto.integer(found, 9) == 0


@pytest.mark.parametrize("content", [b"\x0a", b"\x0a\x05a", b"\x80" * 20, b"\x0b", b"\x1d\0"])
def test_what_is_no_message_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError):
        proto.fields(content)


def test_half_a_message_is_none() -> None:
    call = Call(stream=1, content=bytearray(b"\0\0\0\0\x01a\0\0\0\0\x02b"))
    assert call.messages == [b"a"]
