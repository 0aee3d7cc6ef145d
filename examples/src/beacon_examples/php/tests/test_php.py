"""What needs no PHP; the demo application's content is checked in tests/e2e."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.http import raw, site
from beacon_catalogue.http.site import Answer
from beacon_catalogue.http.workload import site_of
from beacon_examples.php import dialogues
from beacon_examples.php.facts import SUITE, facts
from beacon_examples.php.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, listening, nobody, serving

_NAMES = len(WORKLOAD.drive(Endpoint(container="", address=None, ports=()), 0))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "_APART", 0.0)
    monkeypatch.setattr(raw, "PATIENCE", 0.1)


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"\x1b[2J\xff\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_silent, _nonsense])
def test_what_is_no_php_fails_in_time(behaviour: Callable[[socket.socket], None]) -> None:
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(endpoint(port), 1)
    assert time.monotonic() - started < 3
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    assert not any(check.passed for check in checks)
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def test_a_web_server_without_the_application_fails_its_checks_alone() -> None:
    with serving(Healthy) as port:
        subject = site_of(Peer("127.0.0.1", port, Deadline(10)), endpoint(port))
        for check in (*SUITE.checks.values(), *dialogues.SUITE.checks.values(), dialogues.clean):
            with pytest.raises(Exception, match=r"answered|instead of|not the file|differently"):
                check(subject)


def test_a_page_that_tells_something_else_fails() -> None:
    class Wrong(Healthy):
        def do_GET(self) -> None:  # noqa: N802
            self.answer(200, json.dumps({"sum": 3775, "refused": False, "left": 0}).encode())

    with serving(Wrong) as port:
        subject = site_of(Peer("127.0.0.1", port, Deadline(10)), endpoint(port))
        with pytest.raises(AnswerError, match="refused: False instead of True"):
            SUITE.checks["database"](subject)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(AnswerError, match="no facts"):
        facts(Answer(200, {}, body))
