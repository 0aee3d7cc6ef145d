from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.exploration.estimate import (
    Trial,
    Unit,
    chao2,
    estimate,
    estimate_of,
    interval,
    trials,
)
from beacon.model.environment import Environment
from beacon.model.event import Syscall
from beacon.model.run import Ending
from builders import call, check, run


def trial(name: str, *events: str, ready: bool = True) -> Trial:
    settings = ((name, "x"),) if name else ()
    return Trial(Environment.of(settings), ready, frozenset(map(Syscall, events)))


def varied(environment: Environment) -> bool:
    return bool(environment.settings)


def unit(*events: str, alone: tuple[str, ...] = ()) -> Unit:
    return Unit(frozenset(map(Syscall, events)), frozenset(map(Syscall, alone)))


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


def test_chao_s_bound_of_the_trees_of_barro_colorado() -> None:
    # The example of the R package vegan, specpool(BCI): of 225 species, 21 stand in one of 50 plots
    # and 19 in two, as its jackknifes say (225 + 21 * 49 / 50 = 245.58, and 247.8722 for the
    # second: 225 + 21 * 97 / 50 - 19 * 48**2 / (50 * 49)). By Chao there are at least 236.3732.
    assert 225 + chao2(21, 19, 50) == pytest.approx(236.3732, abs=1e-4)


def test_chao_s_bound_by_hand() -> None:
    assert chao2(3, 2, 5) == pytest.approx(3 * 3 / (2 * 2) * 4 / 5)
    assert chao2(3, 0, 5) == pytest.approx(3 * 2 / 2 * 4 / 5)  # none in two
    assert chao2(0, 4, 5) == 0.0
    assert chao2(1, 0, 5) == 0.0
    assert chao2(3, 2, 0) == 0.0


def test_an_event_counts_once_in_a_unit_and_only_what_is_alone_is_new() -> None:
    sample = [unit("a", "b", alone=("a",)), unit("b", "c"), unit("c")]
    found = estimate_of(sample)
    assert (found.runs, found.rare) == (3, 1)
    assert found.unseen == pytest.approx(1 * 1 / (2 * 2) * 2 / 3)


def test_what_a_policy_infers_is_not_new_though_one_unit_alone_shows_it() -> None:
    raw = estimate_of([unit("pread64", alone=("pread64",)), unit("read")])
    judged = estimate_of([unit("pread64"), unit("read")])
    assert raw.rare == 1
    assert (judged.rare, judged.chance, judged.unseen) == (0, 0.0, 0.0)


def test_without_a_unit_nothing_is_known() -> None:
    found = estimate_of([])
    assert (found.runs, found.chance, found.low, found.high) == (0, 1.0, 0.0, 1.0)


_UNITS = st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=5), max_size=20)


def _raw(shown: list[frozenset[str]]) -> list[Unit]:
    counts = Counter(name for names in shown for name in names)
    return [unit(*names, alone=tuple(n for n in names if counts[n] == 1)) for names in shown]


@given(_UNITS)
def test_zero_only_where_each_event_showed_twice(shown: list[frozenset[str]]) -> None:
    found = estimate_of(_raw(shown))
    counts = Counter(name for names in shown for name in names)
    if shown:
        assert (found.chance == 0.0) == (1 not in counts.values())
    assert 0 <= found.low <= found.chance <= found.high <= 1
    assert found.high > 0.0  # no number of runs excludes that the next shows something
    assert found.unseen >= 0.0


@given(_UNITS.filter(bool))
def test_the_same_again_makes_nothing_rare(shown: list[frozenset[str]]) -> None:
    once, twice = estimate_of(_raw(shown)), estimate_of(_raw([*shown, *shown]))
    assert twice.rare == 0
    assert twice.chance <= once.chance
    assert twice.unseen == 0.0


@given(st.integers(1, 200))
def test_no_number_of_finds_makes_the_next_certain(total: int) -> None:
    low, high = interval(total, 0, total)
    assert low == pytest.approx(1 - interval(0, 0, total)[1])
    assert high == 1.0


@given(st.integers(0, 20), st.integers(1, 200))
def test_the_upper_bound_falls_with_runs_that_show_nothing(once: int, runs: int) -> None:
    total = once + runs
    assert interval(once, 0, total + 1)[1] <= interval(once, 0, total)[1]
    assert interval(once, 0, total)[1] <= interval(once + 1, 0, total + 1)[1]


@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 200))
def test_the_bound_of_the_unseen_grows_with_what_showed_once(
    once: int, twice: int, units: int
) -> None:
    assert chao2(once, twice, units) <= chao2(once + 1, twice, units)
    assert chao2(once, twice + 1, units) <= chao2(once, twice, units)
