"""Hooks and probes, with a container that answers as it is told."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from beacon.engines.care import Care, Handler, HttpGet, Probe
from beacon.engines.interface import (
    TIMED_OUT,
    Container,
    NotReadyError,
    Readiness,
    RefusedError,
)
from beacon.engines.tended import Tended


class _Container(Container):
    """It lives until it is stopped; `codes` are the answers to its commands, the last for ever."""

    id = "c"

    def __init__(self, *codes: int) -> None:
        self.codes, self.alive = list(codes) or [0], False
        self.done: list[str] = []

    def start(self) -> None:
        self.alive = True
        self.done.append("start")

    def wait_ready(self, readiness: Readiness) -> str:
        return "it lived"

    def address(self) -> str | None:
        return "127.0.0.1"

    def exec(self, argv: Any, timeout: float = 60.0, *, user: str | None = None) -> tuple[int, str]:
        self.done.append(" ".join(argv))
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        return code, "said"

    def running(self) -> bool:
        return self.alive

    def exit_code(self) -> int | None:
        return None if self.alive else 0

    def stop(self, grace: float) -> int | None:
        self.alive = False
        self.done.append("stop")
        return 0

    def remove(self) -> None:
        self.done.append("remove")

    def env(self) -> dict[str, str]:
        return {}

    def started_at(self) -> str:
        return ""

    def pid(self) -> int:
        return 0

    def listeners(self) -> tuple[()]:
        return ()

    def connected(self) -> frozenset[int]:
        return frozenset()

    def signal(self, name: str) -> None:
        pass

    def freeze(self, seconds: float, stop: threading.Event) -> None:
        pass

    def disconnect(self, seconds: float, stop: threading.Event) -> None:
        pass

    def logs(self, lines: int = 20) -> str:
        return ""

    def output(self) -> dict[str, str | None]:
        return {}

    def file_capabilities(self, path: str) -> int:
        return 0


_RUN = Handler(command=("probe",))
_FAST = Readiness(timeout=5)


def _probe(**changes: Any) -> Probe:
    return Probe(_RUN, **{"period": 0.01, **changes})


def test_hooks_run_around_a_life() -> None:
    inner = _Container()
    care = Care(post_start=Handler(command=("begin",)), pre_stop=Handler(command=("end",)))
    tended = Tended(inner, care)
    tended.start()
    assert tended.wait_ready(_FAST) == "it lived"
    assert tended.stop(5) == 0
    assert inner.done == ["start", "begin", "end", "stop"]


def test_a_post_start_hook_that_fails_ends_it() -> None:
    inner = _Container(1)
    with pytest.raises(RefusedError, match="postStart hook failed"):
        Tended(inner, Care(post_start=_RUN)).start()
    assert not inner.alive


def test_a_pre_stop_hook_that_fails_holds_up_nothing() -> None:
    inner = _Container(1)
    tended = Tended(inner, Care(pre_stop=_RUN))
    tended.start()
    tended.stop(1)
    assert inner.done[-1] == "stop"


def test_startup_comes_before_readiness() -> None:
    inner = _Container(1, 0, 1, 1, 1, 1, 0)
    startup = _probe(name="startup probe", patience=0.0)
    tended = Tended(inner, Care(startup=startup, readiness=_probe()))
    tended.start()
    assert tended.wait_ready(_FAST) == "its readiness probe passed"
    tended.remove()


def test_too_many_failures_of_a_startup_probe() -> None:
    tended = Tended(_Container(1), Care(startup=_probe(patience=0.0, failures=2)))
    tended.start()
    with pytest.raises(NotReadyError, match="said") as failure:
        tended.wait_ready(_FAST)
    assert not failure.value.exited


def test_readiness_is_waited_for_until_the_end() -> None:
    tended = Tended(_Container(1), Care(readiness=_probe()))
    tended.start()
    with pytest.raises(NotReadyError, match="readiness probe failed"):
        tended.wait_ready(Readiness(timeout=0.2))


def test_an_end_before_it_is_ready() -> None:
    inner = _Container(1)
    tended = Tended(inner, Care(readiness=_probe()))
    tended.start()
    inner.alive = False
    with pytest.raises(NotReadyError) as failure:
        tended.wait_ready(_FAST)
    assert failure.value.exited


def test_a_liveness_probe_that_fails_ends_it() -> None:
    inner = _Container(0, 0, 1)
    tended = Tended(inner, Care(liveness=_probe(name="liveness probe", failures=2)))
    tended.start()
    tended.wait_ready(_FAST)
    end = time.monotonic() + 5
    while inner.alive and time.monotonic() < end:
        time.sleep(0.02)
    assert not inner.alive
    assert tended.why_ended() == "Its liveness probe failed (code 1: said)."
    tended.start()
    assert tended.why_ended() is None
    tended.remove()


def _lives(inner: _Container, tended: Tended, tries: int) -> bool:
    """Whether it lives after so many tries of its liveness probe."""
    tended.start()
    tended.wait_ready(_FAST)
    end = time.monotonic() + 5
    while inner.alive and inner.done.count("probe") < tries and time.monotonic() < end:
        time.sleep(0.02)
    return inner.alive


def test_probes_that_are_only_late_end_nothing_at_once() -> None:
    """On a busy host the runtime takes long to run a command, three times in a row as well."""
    inner = _Container(TIMED_OUT)
    tended = Tended(inner, Care(liveness=_probe(failures=2)))
    assert _lives(inner, tended, 6)
    tended.remove()
    assert tended.why_ended() is None


def test_a_container_that_answers_no_probe_for_long_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beacon.engines.tended._LATE", 0.1)
    inner = _Container(TIMED_OUT)
    tended = Tended(inner, Care(liveness=_probe(failures=2)))
    assert not _lives(inner, tended, 1000)
    tended.remove()


def test_failures_among_late_answers_count() -> None:
    inner = _Container(TIMED_OUT, 1, TIMED_OUT, 1)
    tended = Tended(inner, Care(liveness=_probe(failures=2)))
    assert not _lives(inner, tended, 1000)
    assert inner.done.count("probe") == 4
    tended.remove()


def test_a_startup_probe_that_is_late_is_waited_for() -> None:
    inner = _Container(TIMED_OUT, TIMED_OUT, TIMED_OUT, 0)
    startup = _probe(name="startup probe", patience=0.0, failures=2)
    tended = Tended(inner, Care(startup=startup))
    tended.start()
    assert tended.wait_ready(_FAST) == "its startup probe passed"


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
        else:
            self.send_response(204 if self.headers["X"] == "y" else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_requests_and_connections(port: int) -> None:
    for handler, passes in (
        (Handler(request=HttpGet(port, headers=(("X", "y"),))), True),
        (Handler(request=HttpGet(port)), False),
        (Handler(request=HttpGet(port, scheme="https")), False),
        (Handler(port=port), True),
        (Handler(port=1), False),
        (Handler(pause=0.01), True),
    ):
        tended = Tended(_Container(), Care(readiness=Probe(handler, period=0.01)))
        tended.start()
        if passes:
            tended.wait_ready(_FAST)
        else:
            with pytest.raises(NotReadyError):
                tended.wait_ready(Readiness(timeout=0.1))
        tended.remove()


def test_redirects_are_followed_on_the_same_host(port: int) -> None:
    good = (("X", "y"),)
    for path, headers, passes in (
        ("/to//end?a=b", good, True),
        ("/to//end", (), False),  # the last answer counts
        ("/to/http://192.0.2.1/", (), True),  # another host is not asked
        ("/to//to//end", good, True),
        ("/to/" * 20 + "/end", good, False),
        ("/to/", (), True),  # it leads nowhere
    ):
        handler = Handler(request=HttpGet(port, path, headers=headers))
        tended = Tended(_Container(), Care(readiness=Probe(handler, period=0.01)))
        tended.start()
        if passes:
            tended.wait_ready(_FAST)
        else:
            with pytest.raises(NotReadyError):
                tended.wait_ready(Readiness(timeout=0.1))
        tended.remove()


def test_a_request_that_cannot_be_made_has_failed(port: int) -> None:
    for request in (
        HttpGet(port, headers=(("X", "a\r\nY: b"),)),
        HttpGet(port, headers=(("ü", "\u2028"),)),
        HttpGet(port, "/\u00fc"),
        HttpGet(port, "/a b"),
    ):
        tended = Tended(_Container(), Care(readiness=Probe(Handler(request=request), period=0.01)))
        tended.start()
        with pytest.raises(NotReadyError, match="readiness probe failed"):
            tended.wait_ready(Readiness(timeout=0.1))
        tended.remove()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_answer_is_cut_off(scheme: str) -> None:
    """A byte now and then comes before each time-out of the socket's own."""

    def drip(listener: socket.socket, over: threading.Event) -> None:
        connection, _ = listener.accept()
        start = b"HTTP/1.1 200 " if scheme == "http" else b"\x16\x03\x03\x40\x00"
        with connection, suppress(OSError):
            connection.sendall(start)
            while not over.wait(0.05):
                connection.sendall(b"x")

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener, over))
        dripping.start()
        request = HttpGet(listener.getsockname()[1], scheme=scheme)
        probe = Probe(Handler(request=request), timeout=0.5, failures=1, patience=0.0)
        tended = Tended(_Container(), Care(startup=probe))
        tended.start()
        began = time.monotonic()
        with pytest.raises(NotReadyError):
            tended.wait_ready(Readiness(timeout=0.1))
        assert time.monotonic() - began < 5
        over.set()
        dripping.join()


class _Timed(_Container):
    def stop(self, grace: float) -> int | None:
        self.grace = grace
        return super().stop(grace)


def test_a_pause_before_the_end_takes_no_longer_than_the_grace() -> None:
    inner = _Timed()
    tended = Tended(inner, Care(pre_stop=Handler(pause=3600.0)))
    tended.start()
    began = time.monotonic()
    tended.stop(0.2)
    assert time.monotonic() - began < 5
    assert inner.grace == 2  # what a kubelet leaves it at least


def test_without_grace_no_hook_runs() -> None:
    inner = _Timed()
    tended = Tended(inner, Care(pre_stop=_RUN))
    tended.start()
    tended.stop(0)
    assert (inner.done, inner.grace) == (["start", "stop"], 0)


def test_a_pause_after_the_start_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beacon.engines.tended._HOOK_SECONDS", 0.1)
    with pytest.raises(RefusedError, match="sleeps longer than"):
        Tended(_Container(), Care(post_start=Handler(pause=60.0))).start()
