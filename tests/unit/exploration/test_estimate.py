from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.exploration.estimate import Trial, estimate, trials, wilson
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


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_holds_the_share(hits: int, more: int) -> None:
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= hits / (hits + more) <= high <= 1
