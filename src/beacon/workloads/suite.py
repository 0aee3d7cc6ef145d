"""A suite: the checks of a workload, each declared where its function is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Generic, TypeVar

from beacon.model.run import Check
from beacon.workloads.checks import Attempt, Deadline, heard_by, run_all

T = TypeVar("T")
Value = TypeVar("Value", bound=str | None)
#: Tries one thing on a server; returns the check's value, or raises anything to fail it.
CheckFunction = Callable[[T], str | None]


class Suite(Generic[T]):
    """Named checks of a server that is represented by a T; they run in the order of declaration.

    `parts` are suites whose checks come first; each name gets `prefix`. Names are unique, for
    profiles refer to checks by name: ValueError for one that is there already.
    """

    def __init__(self, parts: Iterable[Suite[T]] = (), *, prefix: str = "") -> None:
        self._checks: dict[str, CheckFunction[T]] = {}
        self._cleaning: dict[str, CheckFunction[T]] = {}
        for part in parts:
            for name, function in part._checks.items():
                self.add(f"{prefix}{name}", function)
            for name, function in part._cleaning.items():
                self._put(self._cleaning, f"{prefix}{name}", function)

    @classmethod
    def of(cls, checks: Mapping[str, CheckFunction[T]]) -> Suite[T]:
        """The suite of these checks: for tables of data that one function tries."""
        suite = cls()
        for name, function in checks.items():
            suite.add(name, function)
        return suite

    def check(self, name: str) -> Callable[[Callable[[T], Value]], Callable[[T], Value]]:
        """Declare the decorated function as the check of this name."""

        def declare(function: Callable[[T], Value]) -> Callable[[T], Value]:
            self.add(name, function)
            return function

        return declare

    def cleaning(self, name: str) -> Callable[[Callable[[T], Value]], Callable[[T], Value]]:
        """Declare what removes our traces; it runs before the checks, unheard, and after them."""

        def declare(function: Callable[[T], Value]) -> Callable[[T], Value]:
            self._put(self._cleaning, name, function)
            return function

        return declare

    def add(self, name: str, function: CheckFunction[T]) -> None:
        """Declare a check whose function is made elsewhere."""
        self._put(self._checks, name, function)

    def _put(
        self, table: dict[str, CheckFunction[T]], name: str, function: CheckFunction[T]
    ) -> None:
        if name in self._checks or name in self._cleaning:
            raise ValueError(f"there are two checks {name!r}")
        table[name] = function

    @property
    def checks(self) -> Mapping[str, CheckFunction[T]]:
        """The functions by name, without the cleaning."""
        return dict(self._checks)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all checks in the order of their results."""
        return (*self._checks, *self._cleaning)

    def run(
        self, subject: T, deadline: Deadline, *, recovery: Attempt | None = None
    ) -> tuple[Check, ...]:
        """Try everything on `subject`; what the deadline has kept back is for the cleaning.

        `recovery`: see run_all.
        """
        attempts = {name: partial(check, subject) for name, check in self._checks.items()}
        if not self._cleaning:
            return run_all(attempts, deadline, recovery=recovery)
        cleaning = {name: partial(clean, subject) for name, clean in self._cleaning.items()}
        done: tuple[Check, ...] = ()
        try:
            with heard_by(lambda _: None):  # the last cleaning counts
                run_all(cleaning, deadline)
            done = run_all(attempts, deadline, recovery=recovery)
        finally:  # an interrupted run must not leave anything in a user's volume either
            cleaned = run_all(cleaning, Deadline(deadline.kept_back, deadline.stop))
        return done + cleaned
