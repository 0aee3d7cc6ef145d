"""What needs no registry; its content is checked against a real one in tests/e2e."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import AnswerError
from beacon.workloads.interface import Endpoint
from beacon_catalogue.registry.hub import Answer, must
from beacon_catalogue.registry.reading import problem_in
from beacon_catalogue.registry.things import OCI, SCHEMA_2, blob, image, naming
from beacon_catalogue.registry.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, listening, nobody, serving

_NAMES = 44


class _Website(Healthy):
    """Answers like no registry, and lies about places."""

    def do_POST(self) -> None:  # noqa: N802 (the standard library's name)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(202)
        self.send_header("Location", "//elsewhere.invalid\x1b[2J/" + "x" * 9000)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 (the standard library's names)


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"-ERR \x1b[2J beacon\r\n\r\n")


def _endless(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"[" * 0x10000 + b"\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _nonsense, _endless])
def test_what_is_no_registry_fails_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.6)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert sum(check.passed for check in checks) <= 2  # nothing was pushed: nothing to delete
    assert all((check.detail or "").isprintable() for check in checks)


def test_a_web_server_is_no_registry() -> None:
    with serving(_Website) as port:
        checks = WORKLOAD.drive(endpoint(port), 0.6)
    assert len(checks) == _NAMES
    passed = {check.name for check in checks if check.passed}
    assert passed <= {"cleaning up", "debug server"}
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in apart)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"errors": 1}'])
def test_a_body_without_problems_has_none(body: bytes) -> None:
    assert problem_in(body) == ""


def test_a_problem_is_named() -> None:
    answer = Answer(404, {}, b'{"errors": [{"code": "BLOB_UNKNOWN", "detail": {"x": 1}}]}')
    assert must(answer, 404, "a blob", "BLOB_UNKNOWN") is answer
    with pytest.raises(AnswerError, match="a blob: 404 BLOB_UNKNOWN instead of 200"):
        must(answer, 200, "a blob")


@pytest.mark.parametrize(
    ("location", "place"),
    [("http://other:5000/v2/a?_state=b", "/v2/a?_state=b"), ("/v2/a", "/v2/a")],
)
def test_a_location_never_leads_to_another_host(location: str, place: str) -> None:
    assert Answer(202, {"location": location}, b"").place == place


@pytest.mark.parametrize("location", ["", "/" + "x" * 10_000])
def test_a_location_that_leads_nowhere(location: str) -> None:
    with pytest.raises(AnswerError):
        _ = Answer(202, {"location": location}, b"").place


def test_things_are_the_same_in_every_run() -> None:
    assert blob("a", 10) == blob("a", 10) != blob("b", 10)
    assert image("a", OCI) == image("a", OCI)
    assert image("a", OCI)[0].digest != image("a", SCHEMA_2)[0].digest
    assert naming("/u?s=1", "sha256:0") == "/u?s=1&digest=sha256:0"
    assert naming("/u", "sha256:0") == "/u?digest=sha256:0"
