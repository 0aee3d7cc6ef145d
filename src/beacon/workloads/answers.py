"""Compares what a container answers with what it must answer, and waits for what comes later."""

from __future__ import annotations

import time
from collections.abc import Callable

from beacon.workloads.checks import AnswerError, Deadline

_BRIEF = 120


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
