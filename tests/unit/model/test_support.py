from __future__ import annotations

import msgspec
import pytest

from beacon.model.environment import Environment
from beacon.model.profile import Profile
from beacon.model.run import Check, Ending, Run
from beacon.model.support import compared, lacking, repeated, some, together, uncompared
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

GOOD = Check("page", passed=True, value="digest")


def driven(*checks: Check, repeat: int = 0) -> Run:
    made = run(call("read"), workload="http", checks=checks)
    return msgspec.structs.replace(made, repeat=repeat)


def twice(first: tuple[Check, ...], second: tuple[Check, ...]) -> Profile:
    return profile(run(call("read")), driven(*first), driven(*second, repeat=1))


def bad(name: str = "idle", detail: str = "ReadTimeout") -> Check:
    return Check(name, passed=False, detail=detail)


def test_what_fails_twice_is_not_supported_and_no_gap() -> None:
    made = twice((GOOD, bad()), (GOOD, bad(detail="ReadTimeout: timed out")))
    assert made.gaps() == ()
    assert made.support().sentence() == "1 of 2 checks not supported: idle"
    (_, replay) = synthesize(made).replays
    assert [(check.name, check.passed) for check in replay.checks] == [
        ("page", True),
        ("idle", False),
    ]


def test_one_failure_alone_says_nothing() -> None:
    (gap,) = profile(driven(GOOD, bad())).gaps()
    assert gap.endswith("served, 1 of 2 checks failed: idle")


def test_what_passes_once_was_seen_and_is_not_compared() -> None:
    made = twice((GOOD, bad()), (GOOD, Check("idle", passed=True)))
    assert made.gaps() == ()
    assert made.support().sentence() == "1 of 2 checks passed only sometimes: idle"
    assert synthesize(made).replays[1].unsteady == ("idle",)


def test_what_was_not_tried_to_its_end_is_a_gap() -> None:
    for detail in ("not tried: the container is gone", "the container sent too much: more"):
        (gap,) = twice((GOOD, bad(detail=detail)), (GOOD, bad())).gaps()
        assert "did not come to an end with 1 checks: idle" in gap


def test_a_service_that_passes_nothing_is_a_gap() -> None:
    (gap,) = twice((bad(),), (bad(),)).gaps()
    assert "passed none of its 1 checks" in gap


def test_a_repeated_run_counts_with_the_first_one() -> None:
    made = twice((GOOD, bad()), (Check("page", passed=True, value="other"), bad()))
    assert [[each.name for each in group] for group in repeated(made.runs)] == [
        ["none@default"],
        ["http@default", "http@default#2"],
    ]
    assert together(made.runs[1:])[0] == Check("page", passed=True)
    entries = synthesize(made).entries
    assert all("http@default#2" in each.evidence.runs for each in entries if each.count)


def test_three_names_stand_for_many() -> None:
    assert some(["a", "b", "c"]) == "a, b, c"
    assert some([*"abcdefgh"]) == "a, b, c and 5 more (--json)"
    (gap,) = profile(driven(*(bad(f"check {number}") for number in range(19)))).gaps()
    assert len(gap) < 160


def job(output: str, *, init: str | None = None, repeat: int = 0) -> Run:
    checks = (Check("standard output", passed=True, value=output),)
    made = run(call("read"), ending=Ending.FINISHED, checks=checks)
    environment = Environment.of([("init", init)] if init else [])
    return msgspec.structs.replace(made, environment=environment, repeat=repeat)


@pytest.mark.parametrize(
    ("runs", "values"),
    [
        ([job("1"), job("1", repeat=1), job("other", init="yes")], ["1", "other"]),
        ([job("1"), job("2", repeat=1), job("3", init="yes")], [None, None]),
        ([job("1"), job("3", init="yes")], [None, None]),
    ],
)
def test_output_of_one_run_is_compared_where_it_was_steady_in_two(
    runs: list[Run], values: list[str | None]
) -> None:
    groups = repeated(runs)
    assert [compared(groups, each)[0].value for each in groups] == values
    steady = values[0] is not None or len(groups[0]) < 2
    assert uncompared(groups) == (() if steady else ("standard output",))


def test_what_a_workload_was_not_given_is_counted() -> None:
    checks = [Check(f"login {n}", passed=True, value="no account") for n in range(2)]
    sent = Check("message", passed=True, value="no recipient")
    failed = Check("AUTH", passed=False, value="no account")
    assert lacking([*checks, sent, failed]) == (
        "not tried: 2 checks (no account), 1 check (no recipient)"
    )
    assert lacking([failed, Check("EHLO", passed=True, value="250")]) is None
