from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.exploration.estimate import Trial, estimate, interval, trials
from beacon.model.environment import Environment
from beacon.model.event import Syscall
from beacon.model.run import Ending
from builders import call, check, run


def trial(name: str, *events: str, ready: bool = True) -> Trial:
    settings = ((name, "x"),) if name else ()
    return Trial(Environment(settings), ready, frozenset(map(Syscall, events)))


def varied(trial: Trial) -> bool:
    return bool(trial.environment.settings)


def test_what_one_run_alone_showed_would_have_been_new_in_it() -> None:
    seen = [trial("", "read"), trial("a", "read", "kill"), trial("b", "read"), trial("c", "read")]
    found = estimate(seen, varied)
    assert (found.runs, found.rare) == (3, 1)
    assert found.chance == pytest.approx(1 / 3)
    assert found.low < 1 / 3 < found.high


def test_what_never_became_ready_says_nothing() -> None:
    found = estimate([trial("", "read"), trial("a", "kill", ready=False)], varied)
    assert (found.runs, found.rare, found.chance) == (0, 0, 1.0)
    assert (found.low, found.high) == (0.0, 1.0)


def test_chao_counts_what_is_still_hidden() -> None:
    twice, once = ("t1",), ("a1", "a2")
    seen = [trial("", *twice), trial("a", *twice, *once)]
    assert estimate(seen, varied).unseen == pytest.approx(2 * 2 / 2 * 1 / 2)


def test_a_profile_s_runs_as_trials() -> None:
    default = run(call("read")), run(call("write"), capabilities=(check("CAP_KILL"),))
    failed = run(call("kill"), ending=Ending.EXITED)
    (first,) = trials([*default, failed])
    assert {event.name for event in first.events} == {"read", "write", "CAP_KILL"}


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 100))
def test_the_interval_holds_the_share(once: int, twice: int, more: int) -> None:
    total = once + twice + more
    low, high = interval(once, twice, total)
    assert 0 <= low <= once / total <= high <= 1


def test_the_interval_of_few_finds_reaches_to_none() -> None:
    low, high = interval(0, 0, 12)
    assert low == 0.0
    assert high == pytest.approx(0.184, abs=0.001)
    assert interval(2, 0, 36)[0] == 0.0
    low, high = interval(8, 4, 36)  # 8/36, and 1.645 * sqrt(8/36 * 28/36 / 36 + 4 / 36**2)
    assert low == pytest.approx(0.0765, abs=0.001)
    assert high == pytest.approx(0.3680, abs=0.001)
