"""Compares what a container answers with what it must answer, and waits for what comes later."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from beacon.model.run import Check
from beacon.workloads.checks import AnswerError, Deadline, heard_by, run_all

_BRIEF = 120

T = TypeVar("T")


def expect(actual: object, expected: object, what: str) -> None:
    """AnswerError that names `what` unless both are equal."""
    if actual != expected:
        raise AnswerError(f"{what}: {brief(actual)} instead of {brief(expected)}")


def brief(answer: object) -> str:
    """An answer as a detail can show it."""
    text = repr(answer)
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}…"


def until(
    condition: Callable[[], bool], deadline: Deadline, what: str, seconds: float = 5.0
) -> None:
    """Wait until `condition` holds; AnswerError that names `what` if that takes too long."""
    end = time.monotonic() + deadline.left(seconds)
    while not condition():
        if time.monotonic() >= end:
            raise AnswerError(f"{what} did not come within {seconds:.0f} seconds")
        time.sleep(0.02)


def run_and_clean(
    checks: Mapping[str, Callable[[T], str | None]],
    clean: Mapping[str, Callable[[T], str | None]],
    subject: T,
    deadline: Deadline,
) -> tuple[Check, ...]:
    """Clean up what a killed run left, run the checks, clean up again; the last cleaning counts.

    What the deadline has kept back is for that cleaning.
    """
    cleaning = {name: partial(attempt, subject) for name, attempt in clean.items()}
    done: tuple[Check, ...] = ()
    try:
        with heard_by(lambda _: None):  # the last cleaning counts
            run_all(cleaning, deadline)
        attempts = {name: partial(check, subject) for name, check in checks.items()}
        done = run_all(attempts, deadline)
    finally:  # an interrupted run must not leave anything in a user's volume either
        cleaned = run_all(cleaning, Deadline(deadline.kept_back, deadline.stop))
    return done + cleaned
