"""Runs named attempts one after the other and turns whatever happens into checks."""

from __future__ import annotations

import errno
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from threading import Event, Lock, Thread
from typing import TypeVar

from beacon.model.run import Check
from beacon.model.text import escape_untrusted
from beacon.workloads import traffic
from beacon.workloads.limits import ATTEMPT_BYTES, FLOODED, MEMORY

#: Tries one thing; returns the check's value, or raises anything to fail it.
Attempt = Callable[[], str | None]

#: Seconds that one attempt may take, so that a single hang leaves time for the others.
ATTEMPT_LIMIT = 10.0

#: After so many failures in a row that were slow, or brought in much, nothing more is tried.
_PATIENCE = 3
_SLOW = 4.0
_MUCH = 8 << 20
#: A failed attempt that took in this much failed by that, whatever its client makes of it.
_FLOOD = MEMORY // 4
#: How often a service may be waited for, and how many seconds at a time.
_RECOVERIES, _RECOVERY = 6, 8.0
#: Seconds that an attempt gets to end once its connections are shut down.
_ENDING = 1.0
_LOOK = 0.05

_DETAIL_LIMIT = 300
_GIVEN_UP = "not tried: the container answers nothing any more"

_listener: ContextVar[Callable[[Check], None]] = ContextVar("listener", default=lambda _: None)

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
    attempts: Mapping[str, Attempt],
    deadline: Deadline,
    limit: float = ATTEMPT_LIMIT,
    recovery: Attempt | None = None,
) -> tuple[Check, ...]:
    """Run every attempt; each gives a check of its name, even when no time is left for it.

    After a slow failure `recovery` waits until the service answers again, lest what one check
    left behind fail the next ones; it raises if it does not.
    """
    checks: list[Check] = []
    costly, recoveries = 0, _RECOVERIES if recovery is not None else 0
    for name, attempt in attempts.items():
        if costly >= _PATIENCE:
            checks.append(Check(name, passed=False, detail=_GIVEN_UP))
        else:
            trial = _Trial(deadline, limit)
            checks.append(trial.run(name, attempt))
            costly = costly + 1 if trial.costly else 0
            if trial.slow and not checks[-1].passed and recoveries and recovery is not None:
                recoveries -= 1
                if _Trial(deadline, _RECOVERY).run(name, recovery).passed:
                    costly = 0
        _listener.get()(checks[-1])
    return tuple(checks)


@contextmanager
def heard_by(listener: Callable[[Check], None]) -> Iterator[None]:
    """Call `listener` with every check as soon as it is there, in this thread's `run_all`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class _Trial:
    """One attempt, watched from outside; `costly` says whether many like it are worth no more.

    It was `slow` if it took seconds.
    """

    def __init__(self, deadline: Deadline, limit: float) -> None:
        self._deadline = deadline
        self._limit = deadline.left(limit)
        self._began = time.monotonic()
        self._others = traffic.opened()  # connections that are not this attempt's
        self._received: dict[int, int] = {}
        self.costly = self.slow = False

    def run(self, name: str, attempt: Attempt) -> Check:
        if self._limit <= 0:
            return Check(name, passed=False, detail="not tried: the workload's time was over")
        check = self._result(name, attempt)
        self.slow = time.monotonic() - self._began >= _SLOW
        self.costly = not check.passed and (
            self.slow or self._much(_MUCH) or check.detail == FLOODED
        )
        if check.detail == FLOODED:
            gc.collect()  # exceptions and their frames keep what came in, in a circle
        return check

    def _result(self, name: str, attempt: Attempt) -> Check:
        # A client library's time limits are per read, so a server that drips a byte at a time
        # could hold us without end. A thread can be left behind, without its connections.
        done: list[Check] = []
        thread = Thread(target=lambda: done.append(_attempt(name, attempt)), daemon=True)
        try:
            thread.start()
        except (MemoryError, RuntimeError):  # RuntimeError: there is no room for its stack
            return Check(name, passed=False, detail=FLOODED)
        self._watch(thread)
        if done and (done[0].passed or not self._much(_FLOOD)):
            return done[0]
        self._abandon(thread)
        late = f"no result within {self._limit:.1f} seconds"
        return Check(name, passed=False, detail=FLOODED if self._much(_FLOOD) else late)

    def _watch(self, thread: Thread) -> None:
        """Wait until it ends, its time is over, or it has received more than it may."""
        end = self._began + self._limit
        while thread.is_alive() and not self._deadline.stop.is_set():
            thread.join(min(_LOOK, max(0.0, end - time.monotonic())))
            self._received |= traffic.received(but=self._others) if thread.is_alive() else {}
            if time.monotonic() >= end or self._much(ATTEMPT_BYTES):
                return

    def _abandon(self, thread: Thread) -> None:
        """End what it reads, also by connections that it opens instead of those."""
        end = time.monotonic() + self._deadline.left(_ENDING)
        while traffic.end(but=self._others) and thread.is_alive() and time.monotonic() < end:
            thread.join(_LOOK)

    def _much(self, size: int) -> bool:
        return sum(self._received.values()) > size


def _attempt(name: str, attempt: Attempt) -> Check:
    try:
        value = attempt()
    except AnswerError as error:
        return Check(name, passed=False, detail=shown(str(error)))
    except Exception as error:  # whatever a container provokes is that container's failure
        said = FLOODED if is_out_of_memory(error) else f"{type(error).__name__}: {error}"
        return Check(name, passed=False, detail=shown(said))
    return Check(name, passed=True, value=value)


def is_out_of_memory(error: Exception) -> bool:
    """Whether Python or the kernel had no memory left."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM


def shown(text: str | bytes) -> str:
    """Return a container's text made printable and short enough for a detail."""
    whole = escape_untrusted(text[:_DETAIL_LIMIT])
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
