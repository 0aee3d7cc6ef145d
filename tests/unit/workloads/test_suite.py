from __future__ import annotations

import pytest

from beacon.workloads.checks import Deadline
from beacon.workloads.suite import Suite


def test_checks_run_in_the_order_of_declaration_and_cleaning_comes_last() -> None:
    suite = Suite[list[str]]()
    done: list[str] = []

    @suite.cleaning("cleaning up")
    def clean(subject: list[str]) -> str:
        subject.append("clean")
        return "clean"

    @suite.check("b")
    def first(subject: list[str]) -> None:
        subject.append("b")

    suite.add("a", lambda subject: subject.append("a"))
    checks = suite.run(done, Deadline(5, keep=1))
    assert done == ["clean", "b", "a", "clean"]  # once before: a killed run may have left something
    assert [check.name for check in checks] == ["b", "a", "cleaning up"] == [*suite.names]
    assert all(check.passed for check in checks)


def test_what_a_check_raises_fails_it_alone() -> None:
    def broken(subject: None) -> str:
        raise ValueError("no such row")

    suite = Suite[None].of({"broken": broken, "whole": lambda subject: "yes"})
    failed, passed = suite.run(None, Deadline(5))
    assert not failed.passed
    assert failed.detail == "ValueError: no such row"
    assert passed.passed
    assert passed.value == "yes"


def test_parts_come_first_with_their_cleaning_and_a_prefix() -> None:
    part = Suite[None].of({"page": lambda subject: None})
    part.cleaning("cleaning up")(lambda subject: None)
    assert Suite((part,), prefix="app: ").names == ("app: page", "app: cleaning up")


def test_two_checks_of_one_name_are_refused() -> None:
    part = Suite[None].of({"page": lambda subject: None})
    with pytest.raises(ValueError, match="two checks 'page'"):
        Suite((part, part))
    with pytest.raises(ValueError, match="two checks 'page'"):
        part.cleaning("page")(lambda subject: None)
