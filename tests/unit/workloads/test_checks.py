from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.run import Check
from beacon.workloads import checks
from beacon.workloads.checks import AnswerError, Deadline, at_once, run_all, shown, steady


def _raise(error: Exception) -> str:
    raise error


def test_keeps_values_and_order() -> None:
    checks = run_all({"b": lambda: "1", "a": lambda: None}, Deadline(5))
    assert checks == (Check("b", passed=True, value="1"), Check("a", passed=True))


def test_an_exception_is_a_failed_check_with_printable_detail() -> None:
    attempts = {
        "answer": lambda: _raise(AnswerError("bad \x1b[2J")),
        "other": lambda: _raise(OSError("gone")),
        "next": lambda: "fine",
    }
    answer, other, following = run_all(attempts, Deadline(5))
    assert (answer.passed, answer.detail) == (False, "bad \\x1b[2J")
    assert (other.passed, other.detail) == (False, "OSError: gone")
    assert following.passed


def test_a_hang_costs_its_own_limit_only() -> None:
    release = threading.Event()
    attempts = {"hang": lambda: str(release.wait(5)), "next": lambda: "fine"}
    started = time.monotonic()
    hang, following = run_all(attempts, Deadline(5), limit=0.2)
    release.set()
    assert time.monotonic() - started < 2
    assert (hang.passed, hang.detail) == (False, "no result within 0.2 seconds")
    assert following.passed


def test_after_the_deadline_every_name_is_still_there() -> None:
    tried = []
    checks = run_all({"a": lambda: tried.append("a"), "b": lambda: None}, Deadline(0))
    assert [check.name for check in checks] == ["a", "b"]
    assert not any(check.passed for check in checks)
    assert tried == []


def test_steady_gives_up_values_that_change() -> None:
    answers = iter(["a", "b", "c", "c"])
    assert steady(lambda: next(answers)) is None
    assert steady(lambda: next(answers)) == "c"


def test_at_once_keeps_order() -> None:
    assert at_once(lambda number: number * 2, times=20, threads=4) == list(range(0, 40, 2))


@given(st.text() | st.binary())
def test_shown_is_printable_and_short(text: str | bytes) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 300


def test_a_slow_failure_waits_for_the_service_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "_SLOW", 0.05)
    asked: list[str] = []

    def slow() -> str:
        time.sleep(0.1)
        raise AnswerError("nobody answers")

    def back() -> None:
        asked.append("back")

    hanging = {str(number): slow for number in range(5)}
    found = run_all({**hanging, "next": lambda: "ok"}, Deadline(10), recovery=back)
    assert [check.detail for check in found[:-1]] == ["nobody answers"] * 5
    assert found[-1].passed
    assert asked == ["back"] * 5

    found = run_all({**hanging, "next": lambda: "ok"}, Deadline(10), recovery=slow)
    assert [check.answered for check in found] == [True] * 3 + [False] * 3
