"""The HTTP workload through TLS, against a real server with a certificate of its own."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from beacon.workloads import net
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.net import Peer, TlsPeer
from beacon_catalogue.http import raw, site
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.workload import SUITE
from unit.workloads.servers import CONTAINER, Healthy, nobody, serving

_VARIANTS = Path(__file__).parents[2] / "nginx" / "variants"


class _Quiet(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken-off handshakes are what we test."""


@contextmanager
def _secure() -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_VARIANTS / "certificate.pem", _VARIANTS / "key.pem")
    with _Quiet(("127.0.0.1", 0), Healthy) as server:
        # The handshake is left to the first read, in the connection's own thread.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "_APART", 0.0)
    monkeypatch.setattr(raw, "PATIENCE", 0.2)
    monkeypatch.setattr(net.time, "sleep", lambda _, sleep=time.sleep: sleep(0.001))


def _values(subject: Site) -> dict[str, str | None]:
    checks = SUITE.checks
    chosen = {name: partial(check, subject) for name, check in checks.items() if "TLS: " in name}
    done = run_all(chosen, subject.deadline)
    assert [check for check in done if not check.passed] == []
    return {check.name.removeprefix("TLS: "): check.value for check in done}


def test_a_second_port_that_speaks_tls_is_found_and_driven() -> None:
    with serving(Healthy) as plain, _secure() as secure:
        subject = Site(Peer("127.0.0.1", plain, Deadline(20)), CONTAINER, (nobody(), secure))
        values = _values(subject)
    assert values["version"] == "TLSv1.3"
    assert values["keep-alive"] == "5 requests over 1 connections"
    assert values["other name"] == f"accepted {values['body of /']}"


def test_a_port_that_speaks_nothing_but_tls_is_driven_by_it() -> None:
    with _secure() as secure:
        subject = Site(TlsPeer("127.0.0.1", secure, Deadline(20)), CONTAINER)
        assert _values(subject)["version"] == "TLSv1.3"
        checks = SUITE.checks
        names = ("body of /", "HTTP/1.0", "pipelining", "malformed request", "upload", "reset")
        done = run_all({name: partial(checks[name], subject) for name in names}, Deadline(20))
    assert [check for check in done if not check.passed] == []


def test_a_plain_port_is_not_taken_for_tls() -> None:
    with serving(Healthy) as plain:
        subject = Site(Peer("127.0.0.1", plain, Deadline(20)), CONTAINER, (plain, nobody()))
        assert set(_values(subject).values()) == {"no TLS"}
