"""Waits until a container is ready; knows no engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from beacon.engines import sockets
from beacon.engines.interface import NotReadyError, Readiness
from beacon.engines.processes import is_active, processor_time
from beacon.model.text import escape_untrusted

#: The first pauses are short, so that a fast server costs no time; later ones spare the engine.
_FIRST_PAUSE = 0.02
_LAST_PAUSE = 0.25
#: What works is waited for until it took so much processor time: a service may work for ever and
#: listen on nothing. On a busy host it takes long to get it.
_MOST_WORK = 15.0  # seconds
#: What listens but works on is waited for as long as that: further sockets may follow.
_LISTENING = 10.0  # seconds
#: A container works that takes this share of a processor, in as many seconds.
_BUSY, _LOOKED_AT = 0.05, 1.0
#: On a busy host it gets less. So it works, too, when it has something to do in two of ten looks.
_LOOKS, _ACTIVE = 10, 2
#: It rests after so many looks in a row: a server may pause while it starts. Fewer are enough
#: once it listens.
_AT_REST, _LISTENING_AT_REST = 6, 3
_SHOWN = 4  # ports that it listens on instead
#: A container may write without end; more than this before the awaited line is not waited for.
LOG_LIMIT = 32 << 20


@dataclass(frozen=True, kw_only=True)
class State:
    """A container at one moment.

    `exit_code` is None until it ended. `health` is `starting`, `healthy`, `unhealthy`, or None
    without a health check. `shares_network`: other processes' sockets are in its namespace too.
    """

    running: bool
    pid: int
    exit_code: int | None = None
    health: str | None = None
    shares_network: bool = False


class Subject(Protocol):
    """What waiting needs to know of a container."""

    id: str

    def state(self) -> State:
        """Its state now."""

    def follow(self, seconds: float) -> Generator[bytes, None, None]:
        """All its output from the start, until it ends or `seconds` are over."""


def wait_ready(subject: Subject, readiness: Readiness) -> str:
    """Wait as `readiness` says; return what showed it. NotReadyError if it never comes."""
    wait = _Wait(subject, readiness)
    return wait.for_state() if readiness.log_line is None else wait.for_line(readiness.log_line)


class _Wait:
    def __init__(self, subject: Subject, readiness: Readiness) -> None:
        self._subject = subject
        self._readiness = readiness
        self._started = time.monotonic()
        self._pause = _FIRST_PAUSE
        self._rests = 0

    def for_state(self) -> str:
        while True:
            state = self._alive()
            evidence = self._evidence(state)
            if evidence is not None:
                # Evidence of a process that died just then is none, and only a process that
                # still lives proves that its PID meant the same process all along.
                self._alive()
                return evidence
            self._rest(partial(self._awaited, state))

    def for_line(self, line: str) -> str:
        awaited = f'its log did not say "{escape_untrusted(line)}"'
        while True:
            with closing(self._subject.follow(self._left())) as chunks:
                found = _contains(chunks, line.encode(), awaited)
            self._alive()
            if found:
                return f'its log says "{escape_untrusted(line)}"'
            # The log may end a moment before the engine knows that the container did.
            self._rest(lambda: awaited)

    def _evidence(self, state: State) -> str | None:
        if state.health is not None:
            return _healthy(state.health)
        if self._readiness.ports:
            return self._port(state)
        stable = self._readiness.stable
        if self._elapsed() < stable or not self._settled(state):
            return None
        return f"it lived for {stable:g} s"

    def _settled(self, state: State) -> bool:
        """Whether it is not about to listen, or to end, as far as that shows."""
        expected = {*self._readiness.expected}
        if not (expected or self._readiness.may_end):
            return True
        listening = self._listening(state)
        if expected and expected <= listening:
            return True
        self._rests = 0 if self._works() else self._rests + 1
        if listening and not expected:
            return self._rests >= _LISTENING_AT_REST or self._elapsed() > _LISTENING
        worked = processor_time(self._subject.id) >= _MOST_WORK
        return self._rests >= _AT_REST or worked or self._left() < _LOOKED_AT

    def _listening(self, state: State) -> set[int]:
        shared = state.shares_network
        return {each.port for each in sockets.waiting(state.pid, self._subject.id, shared=shared)}

    def _works(self) -> bool:
        before, active = processor_time(self._subject.id), 0
        for _ in range(_LOOKS):
            time.sleep(_LOOKED_AT / _LOOKS)
            active += is_active(self._subject.id)
        used = processor_time(self._subject.id) - before
        return used >= _BUSY * _LOOKED_AT or active >= _ACTIVE

    def _port(self, state: State) -> str | None:
        found = sockets.listening(state.pid, self._readiness.ports)
        if found and state.shares_network:
            found = sockets.owned(found, self._subject.id)
        return f"port {min(found.values())} listens" if found else None

    def _awaited(self, state: State) -> str:
        if state.health is not None:
            return "its health check did not pass"
        if self._readiness.ports:
            ports = " or ".join(str(port) for port in self._readiness.ports)
            shared, own = state.shares_network, self._subject.id
            found = sockets.waiting(state.pid, own, shared=shared)[:_SHOWN]
            others = f" but on {', '.join(map(str, found))}" if found else ""
            return f"it does not listen on port {ports}{others}"
        return f"it was to live for {self._readiness.stable:g} s first"

    def _alive(self) -> State:
        state = self._subject.state()
        if state.running:
            return state
        code = "" if state.exit_code is None else f" with code {state.exit_code}"
        raise NotReadyError(
            f"The container exited{code} before it was ready: see its log.", exited=True
        )

    def _rest(self, awaited: Callable[[], str]) -> None:
        if self._left() <= 0:
            raise NotReadyError(
                f"The container was not ready after {self._readiness.timeout:g} s ({awaited()}): "
                "see its log, or allow more time.",
                exited=False,
            )
        time.sleep(min(self._pause, self._left()))
        self._pause = min(self._pause * 1.5, _LAST_PAUSE)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _left(self) -> float:
        return max(0.0, self._readiness.timeout - self._elapsed())


def _healthy(health: str) -> str | None:
    if health == "unhealthy":
        raise NotReadyError("Its health check failed: see the container's log.", exited=False)
    return "its health check passed" if health == "healthy" else None


def _contains(chunks: Iterable[bytes], needle: bytes, awaited: str) -> bool:
    tail, total = b"", 0
    for chunk in chunks:
        window = tail + chunk
        if needle in window:
            return True
        # What may be the needle's beginning, should it continue in the next chunk.
        tail = window[max(0, len(window) - len(needle) + 1) :]
        total += len(chunk)
        if total > LOG_LIMIT:
            raise NotReadyError(
                f"The container wrote {LOG_LIMIT >> 20} MiB of log and was not ready ({awaited}): "
                "name a line that it writes earlier.",
                exited=False,
            )
    return False
