from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Generator

import pytest

from beacon.engines import readiness as module
from beacon.engines import sockets
from beacon.engines.interface import NotReadyError, Readiness
from beacon.engines.readiness import State, wait_ready
from beacon.model.listener import Listener

_ALIVE = State(running=True, pid=os.getpid())
_ENDED = State(running=False, pid=0, exit_code=3)


class _Subject:
    id = "0" * 64

    def __init__(self, state: Callable[[float], State], log: tuple[bytes, ...] = ()) -> None:
        self._started = time.monotonic()
        self._state = state
        self._log = log

    def state(self) -> State:
        return self._state(time.monotonic() - self._started)

    def follow(self, seconds: float) -> Generator[bytes, None, None]:
        yield from self._log


def _always(state: State) -> Callable[[float], State]:
    return lambda _: state


def _health(text: str) -> State:
    return State(running=True, pid=1, health=text)


def test_alive_for_long_enough() -> None:
    started = time.monotonic()
    assert wait_ready(_Subject(_always(_ALIVE)), Readiness(stable=0.1)) == "it lived for 0.1 s"
    assert time.monotonic() - started >= 0.1


def test_a_container_that_ends_is_not_ready() -> None:
    subject = _Subject(lambda elapsed: _ALIVE if elapsed < 0.05 else _ENDED)
    with pytest.raises(NotReadyError, match="exited with code 3 before") as failure:
        wait_ready(subject, Readiness(stable=1))
    assert failure.value.exited


def test_evidence_of_a_dead_container_is_none() -> None:
    states = iter([_health("healthy"), _ENDED])
    with pytest.raises(NotReadyError) as failure:
        wait_ready(_Subject(lambda _: next(states)), Readiness())
    assert failure.value.exited


def test_a_port_is_preferred_to_stability() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ready = wait_ready(_Subject(_always(_ALIVE)), Readiness(ports=(1, port), stable=0))
    assert ready == f"port {port} listens"


def test_exposed_ports_that_nobody_listens_on() -> None:
    with pytest.raises(NotReadyError, match="does not listen on port 1 or 2") as failure:
        wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=0.05, ports=(1, 2), stable=0))
    assert not failure.value.exited


def test_another_processs_socket_in_a_shared_namespace_is_not_evidence() -> None:
    shared = State(running=True, pid=os.getpid(), shares_network=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = (server.getsockname()[1],)
        with pytest.raises(NotReadyError):
            wait_ready(_Subject(_always(shared)), Readiness(timeout=0.05, ports=ports))


def test_a_health_check_is_preferred_to_ports() -> None:
    subject = _Subject(lambda elapsed: _health("starting" if elapsed < 0.05 else "healthy"))
    assert wait_ready(subject, Readiness(ports=(1,))) == "its health check passed"


def test_a_health_check_that_fails_or_never_ends() -> None:
    with pytest.raises(NotReadyError, match="health check failed"):
        wait_ready(_Subject(_always(_health("unhealthy"))), Readiness())
    with pytest.raises(NotReadyError, match="health check did not pass"):
        wait_ready(_Subject(_always(_health("starting"))), Readiness(timeout=0.05))


@pytest.mark.parametrize(
    "log", [(b"now ready to go\n",), (b"now re", b"ady"), tuple(bytes([c]) for c in b"-ready-")]
)
def test_a_log_line_decides_alone(log: tuple[bytes, ...]) -> None:
    subject = _Subject(_always(_health("unhealthy")), log)
    assert wait_ready(subject, Readiness(log_line="ready")) == 'its log says "ready"'


def test_a_log_line_of_one_character() -> None:
    assert wait_ready(_Subject(_always(_ALIVE), (b"a", b"b")), Readiness(log_line="b"))


def test_a_log_line_that_never_comes() -> None:
    with pytest.raises(NotReadyError, match="its log did not say") as failure:
        wait_ready(_Subject(_always(_ALIVE), (b"no",)), Readiness(timeout=0.05, log_line="\x1b"))
    assert "\x1b" not in str(failure.value)


def test_an_endless_log_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 1 << 20)
    with pytest.raises(NotReadyError, match="1 MiB of log"):
        wait_ready(_Subject(_always(_ALIVE), (b"x" * 4096,) * 300), Readiness(log_line="y"))


def _busy(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    started = time.monotonic()
    used = lambda _: share * (time.monotonic() - started)  # noqa: E731
    monkeypatch.setattr(module, "processor_time", used)
    monkeypatch.setattr(module, "is_active", lambda _: False)
    monkeypatch.setattr(module, "_LOOKED_AT", 0.05)
    monkeypatch.setattr(sockets, "waiting", lambda *_, **__: ())


def test_what_works_and_may_end_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.5)
    subject = _Subject(lambda elapsed: _ALIVE if elapsed < 0.4 else _ENDED)
    with pytest.raises(NotReadyError) as failure:
        wait_ready(subject, Readiness(stable=0.1, may_end=True))
    assert failure.value.exited


def test_what_works_for_ever_is_ready_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.5)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=0.5, stable=0.1, may_end=True))
    assert 0.3 < time.monotonic() - started < 0.6


def test_what_idles_is_ready_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.01)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=5, stable=0.1, may_end=True))
    assert time.monotonic() - started < 4


def test_what_listens_is_given_a_while_to_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.5)
    _listens(monkeypatch, lambda: (80,))
    monkeypatch.setattr(module, "_LISTENING", 0.4)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=5, stable=0.1, may_end=True))
    assert 0.4 <= time.monotonic() - started < 1


def test_what_gets_no_processor_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.01)
    monkeypatch.setattr(module, "is_active", lambda _: True)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=0.6, stable=0.1, may_end=True))
    assert time.monotonic() - started >= 0.5


def test_what_works_and_has_worked_much_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(monkeypatch, 0.5)
    monkeypatch.setattr(module, "_MOST_WORK", 0.2)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=9, stable=0.1, may_end=True))
    assert 0.35 <= time.monotonic() - started < 4


def test_the_ports_of_a_former_run_are_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    late = lambda: (80, 443) if time.monotonic() - started > 0.4 else (80,)  # noqa: E731
    _busy(monkeypatch, 0.01)
    _listens(monkeypatch, late)
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=5, stable=0, expected=(80, 443)))
    assert time.monotonic() - started >= 0.4


def test_ports_that_an_environment_took_away_are_not_awaited_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _busy(monkeypatch, 0.01)
    started = time.monotonic()
    wait_ready(_Subject(_always(_ALIVE)), Readiness(timeout=9, stable=0, expected=(80,)))
    assert 0.3 <= time.monotonic() - started < 4


def _listens(monkeypatch: pytest.MonkeyPatch, ports: Callable[[], tuple[int, ...]]) -> None:
    monkeypatch.setattr(sockets, "waiting", lambda *_, **__: [Listener(x) for x in ports()])
