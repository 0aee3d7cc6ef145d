from __future__ import annotations

from builders import call, profile, run
from chance import by_chance, odd

CALM = [profile(run(call("read"), call("write"))), profile(run(call("read"), call("sched_yield")))]


def test_what_not_all_equal_campaigns_saw_came_by_chance() -> None:
    assert by_chance(CALM) == ["sched_yield", "write"]
    assert by_chance(CALM[:1]) == []


def test_odd_is_what_all_saw_but_one_and_what_only_that_one_saw() -> None:
    assert odd(profile(run(call("read"), call("write"))), CALM) == []
    assert odd(profile(run(call("read"), call("ptrace"))), CALM) == ["ptrace"]
    assert odd(profile(run(call("write"))), CALM) == ["read"]
