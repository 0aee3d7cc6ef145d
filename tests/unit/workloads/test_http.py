"""The HTTP workload against real servers: what is healthy passes, what is broken fails."""

from __future__ import annotations

import gzip
import itertools
import socket
import time

import pytest

from beacon.model.run import Check
from beacon.workloads.http.workload import HttpWorkload
from beacon.workloads.interface import Endpoint
from unit.workloads.servers import CONTAINER, PAGE, Healthy, endpoint, listening, nobody, serving


def _drive(port: int, timeout: float = 30, container: str = CONTAINER) -> dict[str, Check]:
    checks = HttpWorkload().drive(endpoint(port, container), timeout)
    assert len({check.name for check in checks}) == len(checks) == 20
    return {check.name: check for check in checks}


def _broken(handler: type[Healthy]) -> dict[str, str | None]:
    with serving(handler) as port:
        return {name: c.detail for name, c in _drive(port).items() if not c.passed}


def test_a_healthy_server_passes_with_the_same_values_each_time() -> None:
    with serving(Healthy) as port:
        first, second = _drive(port), _drive(port)
    assert [check for check in first.values() if not check.passed] == []
    assert first == second
    assert first["keep-alive"].value == "5 requests over 1 connections"
    assert first["range"].value == "206"
    assert first["conditional"].value == "etag 304"
    assert first["missing page"].value == "404"
    assert first["pipelining"].value == "3 of 3 answered"


def test_an_empty_body_behind_status_200_fails() -> None:
    """What nginx does when its profile lacks sendfile."""

    class Truncating(Healthy):
        def answer(self, status: int, body: bytes, *, promised: int | None = None) -> None:
            super().answer(status, b"", promised=len(body))
            self.close_connection = True

    failed = _broken(Truncating)
    assert "incomplete" in (failed["body of /"] or "") or "without sending" in (
        failed["body of /"] or ""
    )
    assert {"keep-alive", "HTTP/1.0", "pipelining", "reset"} <= failed.keys()


def test_another_page_has_another_value() -> None:
    class Empty(Healthy):
        def page(self) -> bytes:
            return b""

    with serving(Healthy) as full, serving(Empty) as empty:
        assert _drive(full)["body of /"].value != _drive(empty)["body of /"].value


def test_a_changing_page_has_no_value_but_passes() -> None:
    numbers = itertools.count()

    class Changing(Healthy):
        def page(self) -> bytes:
            return b"%d visitors" % next(numbers)

    with serving(Changing) as port:
        checks = _drive(port)
    assert all(check.passed for check in checks.values())
    assert checks["body of /"].value is None
    assert checks["status of /"].value == "200"


def test_a_page_that_names_its_container_has_the_same_value_in_the_next() -> None:
    class Naming(Healthy):
        name = CONTAINER[:12]

        def page(self) -> bytes:
            return f"served by {self.name} at {self.connection.getsockname()[0]}".encode()

    class NamingToo(Naming):
        name = "ba9876543210"

    with serving(Naming) as one, serving(NamingToo) as other:
        assert _drive(one) == _drive(other, container=NamingToo.name + "d" * 52)


def test_a_wrong_range_fails() -> None:
    class Shifted(Healthy):
        def part(self) -> None:
            self.answer(206, self.page()[1:11])

    assert list(_broken(Shifted)) == ["range"]


@pytest.mark.parametrize(
    ("packed", "failing"),
    [
        (gzip.compress(PAGE), []),
        (gzip.compress(PAGE)[:-9], ["gzip"]),
        (gzip.compress(b"else"), ["gzip"]),
        (b"no gzip", ["gzip"]),
        (gzip.compress(bytes(80 << 20), 9), ["gzip"]),
    ],
    ids=["whole", "cut short", "another page", "no gzip", "bomb"],
)
def test_gzip_is_unpacked_within_bounds(packed: bytes, failing: list[str]) -> None:
    class Packing(Healthy):
        def do_GET(self) -> None:  # noqa: N802
            if self.headers["Accept-Encoding"] != "gzip":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            return self.answer_rest()

        def answer_rest(self) -> None:
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

    assert list(_broken(Packing)) == failing


def test_a_server_error_fails_where_it_occurs() -> None:
    class Failing(Healthy):
        def do_POST(self) -> None:  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(500, b"")

    assert _broken(Failing) == dict.fromkeys(("POST", "upload"), "the server answered 500")


def test_nobody_listening_fails_every_check() -> None:
    assert not any(check.passed for check in _drive(nobody()).values())


def test_no_network_fails_every_check_under_the_same_names() -> None:
    checks = HttpWorkload().drive(Endpoint(CONTAINER, None, (80,)), 5)
    assert not any(check.passed for check in checks)
    assert [check.name for check in checks] == list(_drive(nobody()))


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _dripping(connection: socket.socket) -> None:
    for _ in range(200):
        connection.sendall(b"H")
        time.sleep(0.05)


def _babbling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 20))


def _nonsense(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"\x1b[2J\xff\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _dripping, _babbling, _nonsense])
def test_a_hostile_server_fails_every_check_in_time(behaviour) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = _drive(port, timeout=1.5)
    assert time.monotonic() - started < 4
    assert not any(check.passed for check in checks.values())
    assert all((check.detail or "").isprintable() for check in checks.values())


def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody()}")
    with serving(Healthy) as port:
        assert _drive(port)["body of /"].passed
