"""Runs named attempts one after the other and turns whatever happens into checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Event, Lock, Thread
from typing import TypeVar

from beacon.model.run import Check
from beacon.model.text import printable

#: Tries one thing; returns the check's value, or raises anything to fail it.
Attempt = Callable[[], str | None]

#: Seconds that one attempt may take, so that a single hang leaves time for the others.
ATTEMPT_LIMIT = 10.0

#: After so many slow failures in a row the container counts as hung, and nothing more is tried.
_SLOW_FAILURES = 3
_SLOW = 4.0

_DETAIL_LIMIT = 300

T = TypeVar("T")


class AnswerError(Exception):
    """The container answered, but not as it should; the text says how."""


class Deadline:
    """A moment after which nothing more is tried; `stop` brings it forward.

    It comes `kept_back` seconds before `seconds` are over, so that there is time to clean up: as
    many as `keep` says, but a fifth of all at most.
    """

    def __init__(self, seconds: float, stop: Event | None = None, *, keep: float = 0.0) -> None:
        self.kept_back = min(keep, seconds / 5)
        self._end = time.monotonic() + seconds - self.kept_back
        self.stop = stop or Event()

    def left(self, at_most: float) -> float:
        """Seconds until then, never more than `at_most` and never negative."""
        if self.stop.is_set():
            return 0.0
        return max(0.0, min(at_most, self._end - time.monotonic()))

    def wait(self, at_most: float = 5.0) -> float:
        """The time limit of one blocking socket call: a client wants it above zero."""
        return max(0.1, self.left(at_most))

    def check(self) -> None:
        """Raise AnswerError once it has passed; for loops that a container can make endless."""
        if self.left(1.0) <= 0:
            raise AnswerError("the time was over before the answer was complete")


def run_all(
    attempts: Mapping[str, Attempt], deadline: Deadline, limit: float = ATTEMPT_LIMIT
) -> tuple[Check, ...]:
    """Run every attempt; each gives a check of its name, even when no time is left for it."""
    checks, hung = [], 0
    for name, attempt in attempts.items():
        if hung >= _SLOW_FAILURES:
            detail = "not tried: the container answers nothing any more"
            checks.append(Check(name, passed=False, detail=detail))
            continue
        began = time.monotonic()
        checks.append(_run(name, attempt, deadline, limit))
        slow = not checks[-1].passed and time.monotonic() - began >= _SLOW
        hung = hung + 1 if slow else 0
    return tuple(checks)


def _run(name: str, attempt: Attempt, deadline: Deadline, limit: float) -> Check:
    seconds = deadline.left(limit)
    if seconds <= 0:
        return Check(name, passed=False, detail="not tried: the workload's time was over")
    # A client library's time limits are per read, so a server that drips a byte at a time could
    # hold us for ever. A thread can be left behind; it ends when the container is removed.
    done: list[Check] = []
    thread = Thread(target=lambda: done.append(_attempt(name, attempt)), daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and not deadline.stop.is_set() and time.monotonic() < end:
        thread.join(min(0.1, seconds))
    if done:
        return done[0]
    return Check(name, passed=False, detail=f"no result within {seconds:.1f} seconds")


def _attempt(name: str, attempt: Attempt) -> Check:
    try:
        value = attempt()
    except AnswerError as error:
        return Check(name, passed=False, detail=shown(str(error)))
    except Exception as error:  # whatever a container provokes is that container's failure
        return Check(name, passed=False, detail=shown(f"{type(error).__name__}: {error}"))
    return Check(name, passed=True, value=value)


def shown(text: str | bytes) -> str:
    """Return a container's text made printable and short enough for a detail."""
    whole = printable(text[:_DETAIL_LIMIT])
    return whole if len(whole) <= _DETAIL_LIMIT else whole[: _DETAIL_LIMIT - 1] + "…"


def steady(attempt: Attempt) -> str | None:
    """Return what `attempt` says twice in a row; None when it says two different things."""
    first = attempt()
    return first if attempt() == first else None


def digest(content: bytes) -> str:
    """Return a short name for `content`."""
    return sha256(content).hexdigest()[:16]


def at_once(function: Callable[[int], T], times: int, threads: int) -> list[T]:
    """Call `function` with 0, 1, … from several threads; the first exception comes out."""
    # Daemons, unlike a pool's threads: the interpreter's end shall not wait for a dead container.
    numbers, lock = iter(range(times)), Lock()
    results: dict[int, T] = {}
    failures: list[Exception] = []

    def work() -> None:
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                results[number] = function(number)
            except Exception as error:
                failures.append(error)

    workers = [Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return [results[number] for number in range(times)]
