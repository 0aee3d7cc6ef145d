"""The HTTP workload against real servers: what is healthy passes, what is broken fails."""

from __future__ import annotations

import gzip
import itertools
import socket
import time
from collections.abc import Callable
from functools import partial

import pytest

from beacon.model.run import Check
from beacon.workloads import net
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.http import raw, site
from beacon_catalogue.http.workload import SUITE, WORKLOAD, site_of
from unit.workloads.servers import CONTAINER, PAGE, Healthy, endpoint, listening, nobody, serving

_NAMES = 122
_PAGE = ("status of /", "body of /", "HEAD", "keep-alive", "missing page", "HTTP/1.0", "reset")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow clients are quick here, and a clock on the page would not be noticed."""
    monkeypatch.setattr(site, "_APART", 0.0)
    monkeypatch.setattr(raw, "PATIENCE", 0.1)
    monkeypatch.setattr(net.time, "sleep", lambda _, sleep=time.sleep: sleep(0.001))


def _drive(port: int, timeout: float = 30) -> dict[str, Check]:
    checks = WORKLOAD.drive(endpoint(port), timeout)
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    return {check.name: check for check in checks}


def _try(port: int, *names: str, container: str = CONTAINER) -> dict[str, Check]:
    """Only the named checks."""
    subject = site_of(Peer("127.0.0.1", port, Deadline(20)), endpoint(port, container))
    checks = SUITE.checks
    tried = run_all({name: partial(checks[name], subject) for name in names}, subject.deadline)
    return {check.name: check for check in tried}


def _broken(handler: type[Healthy], *names: str) -> dict[str, str | None]:
    with serving(handler) as port:
        return {name: c.detail for name, c in _try(port, *names).items() if not c.passed}


def test_a_healthy_server_passes_with_the_same_values_each_time() -> None:
    with serving(Healthy) as port:
        first, second = _drive(port), _drive(port)
    assert [check for check in first.values() if not check.passed] == []
    assert first == second
    assert first["keep-alive"].value == "5 requests over 1 connections"
    assert first["range"].value == first["last bytes"].value == "206"
    assert first["conditional"].value == "etag 304"
    assert first["missing page"].value == "404"
    assert first["pipelining"].value == "3 of 3 answered"
    assert first["chunked upload"].value == first["multipart upload"].value == "405"
    assert first["Expect: 100-continue"].value == "100, then 405"
    assert first["TLS: version"].value == "no TLS"


def test_an_empty_body_behind_status_200_fails() -> None:
    """What nginx does when its profile lacks sendfile."""

    class Truncating(Healthy):
        def answer(self, status: int, body: bytes, *, promised: int | None = None) -> None:
            super().answer(status, b"", promised=len(body))
            self.close_connection = True

    names = ("body of /", "keep-alive", "HTTP/1.0", "pipelining", "reset", "many connections")
    failed = _broken(Truncating, *names)
    assert set(names) == failed.keys()
    assert "incomplete" in (failed["body of /"] or "") or "without sending" in (
        failed["body of /"] or ""
    )


def test_another_page_has_another_value() -> None:
    class Empty(Healthy):
        def page(self) -> bytes:
            return b""

    with serving(Healthy) as full, serving(Empty) as empty:
        assert _try(full, "body of /") != _try(empty, "body of /")


def test_a_changing_page_has_no_value_but_passes() -> None:
    numbers = itertools.count()

    class Changing(Healthy):
        def page(self) -> bytes:
            return b"%d visitors" % next(numbers)

    with serving(Changing) as port:
        checks = _try(port, *_PAGE, "last bytes", "slow reader", "If-Match")
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
        assert _try(one, *_PAGE) == _try(other, *_PAGE, container=NamingToo.name + "d" * 52)


def test_a_wrong_range_fails() -> None:
    class Shifted(Healthy):
        def part(self) -> None:
            self.answer(206, self.page()[1:11])

    assert list(_broken(Shifted, "body of /", "range", "last bytes")) == ["range", "last bytes"]


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

    assert list(_broken(Packing, "body of /", "gzip", "deflate")) == failing


def test_a_server_error_fails_where_it_occurs() -> None:
    class Failing(Healthy):
        def do_POST(self) -> None:  # noqa: N802
            self.sent()
            self.answer(500, b"")

    names = ("POST", "upload", "chunked upload", "Expect: 100-continue")
    failed = _broken(Failing, *_PAGE, *names)
    assert failed == dict.fromkeys(names, "the server answered 500")


def test_a_websocket_without_proof_fails() -> None:
    class Careless(Healthy):
        def do_GET(self) -> None:  # noqa: N802
            if self.headers["Upgrade"] != "websocket":
                return super().do_GET()
            self.send_response(101)
            return self.end_headers()

    assert list(_broken(Careless, "WebSocket", "unknown upgrade")) == ["WebSocket"]


def test_a_server_that_forgets_what_was_put_fails() -> None:
    class Forgetful(Healthy):
        def do_PUT(self) -> None:  # noqa: N802
            self.sent()
            self.answer(201, b"")

        def do_DELETE(self) -> None:  # noqa: N802
            self.answer(204, b"")

        def do_GET(self) -> None:  # noqa: N802
            return self.answer(200, b"else") if "check" in self.path else super().do_GET()

    assert list(_broken(Forgetful, "PUT and DELETE", "body of /")) == ["PUT and DELETE"]


def test_nobody_listening_fails_every_check() -> None:
    assert not any(check.passed for check in _drive(nobody()).values())


def test_no_network_fails_every_check_under_the_same_names() -> None:
    checks = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=(80,)), 5)
    assert not any(check.passed for check in checks)
    assert [check.name for check in checks] == list(_drive(nobody()))


def test_ports_of_tls_are_tried_where_the_container_has_them() -> None:
    both = site_of(
        Peer("192.0.2.1", 80, Deadline(1)),
        Endpoint(container=CONTAINER, address="192.0.2.1", ports=(80, 443)),
    )
    plain = site_of(
        Peer("192.0.2.1", 80, Deadline(1)),
        Endpoint(container=CONTAINER, address="192.0.2.1", ports=(80,)),
    )
    assert (both._tls_ports, plain._tls_ports) == ((443,), ())


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
def test_a_hostile_server_fails_every_check_in_time(
    behaviour: Callable[[socket.socket], None],
) -> None:
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = _drive(port, timeout=0.4)
    assert time.monotonic() - started < 3
    assert not any(check.passed for check in checks.values())
    assert all((check.detail or "").isprintable() for check in checks.values())


def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody()}")
    with serving(Healthy) as port:
        assert _try(port, "body of /")["body of /"].passed
