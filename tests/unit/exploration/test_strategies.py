"""Strategies against an imagined image: what each setting shows, alone or together, is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.exploration.choose import NAMES, choose
from beacon.exploration.estimate import Trial, estimate
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Changes, Dimension, Environment
from beacon.model.event import Event, Syscall

MANY = tuple(
    Dimension(
        name=f"d{number}", why="why", values={"1": Changes(), "2": Changes()}, conflicts=("d0",)
    )
    if number == 5
    else Dimension(name=f"d{number}", why="why", values={"1": Changes(), "2": Changes()})
    for number in range(30)
)
FEW = MANY[:3]
USUAL = frozenset({Syscall("read")})
ALONE = {("d1", "1"): "unlink", ("d2", "2"): "kill", ("d7", "1"): "mlock"}
TOGETHER = {frozenset({("d1", "1"), ("d7", "1")}): "rename"}
DEADLY = ("d3", "1")


def imagined(environment: Environment) -> Trial:
    chosen = set(environment.settings)
    events: set[Event] = set(USUAL)
    events |= {Syscall(name) for setting, name in ALONE.items() if setting in chosen}
    events |= {Syscall(name) for both, name in TOGETHER.items() if both <= chosen}
    return Trial(environment, DEADLY not in chosen, frozenset(events))


def play(strategy: Strategy, most: int = 2000) -> list[Trial]:
    trials = [imagined(Environment())]
    while (batch := strategy.propose(trials)) and len(trials) < most:
        trials += [imagined(environment) for environment in batch]
    return trials


def shown(trials: list[Trial]) -> set[str]:
    return {event.name for trial in trials if trial.ready for event in trial.events}


@pytest.mark.parametrize("name", NAMES)
def test_none_is_tried_twice_and_the_seed_decides(name: str) -> None:
    dimensions = FEW if name == "exhaustive" else MANY
    one, same = (play(choose(name, Space(dimensions), 7, 0.05)) for _ in range(2))
    assert one == same
    tried = [trial.environment for trial in one]
    assert len(set(tried)) == len(tried)
    space = Space(dimensions)
    assert all(space.fit(environment.settings) for environment in tried)


def test_adaptive_finds_what_pairs_find_with_far_fewer_runs() -> None:
    pairs = play(choose("pairwise", Space(MANY), 1, 0.05))
    for seed in range(20):
        adaptive = play(choose("adaptive", Space(MANY), seed, 0.05))
        assert shown(adaptive) == shown(pairs)
        assert len(adaptive) <= len(pairs) / 10


def test_adaptive_leaves_out_what_cannot_start() -> None:
    trials = play(choose("adaptive", Space(MANY), 1, 0.05))
    dead = [trial.environment.settings for trial in trials if not trial.ready]
    assert dead == [(DEADLY,)]


def test_adaptive_ends_when_there_is_nothing_to_vary() -> None:
    assert play(choose("adaptive", Space(()), 1, 0.05)) == [imagined(Environment())]


def test_only_random_combinations_are_judged() -> None:
    strategy = choose("adaptive", Space(MANY), 1, 0.1)
    trials = play(strategy)
    assert estimate(trials, strategy.judges).runs == 28


def test_what_shows_nothing_is_drawn_until_the_interval_is_short() -> None:
    def draws(target: float) -> int:
        strategy = choose("adaptive", Space(MANY), 1, target)
        trials = play(strategy)
        found = estimate(trials, strategy.judges)
        assert found.rare == 0
        assert found.high <= target or found.runs == 42
        return found.runs

    assert [draws(target) for target in (0.2, 0.1, 0.05)] == [14, 28, 42]


def test_every_combination_of_another_strategy_is_judged() -> None:
    strategy = choose("exhaustive", Space(FEW), 1, 0.1)
    assert estimate(play(strategy), strategy.judges).runs == 27 - 1 - 6


def test_the_number_of_runs() -> None:
    assert len(play(choose("baseline", Space(FEW), 1, 0.05))) == 1
    assert len(play(choose("one-at-a-time", Space(FEW), 1, 0.05))) == 1 + 6
    assert len(play(choose("pairwise", Space(FEW), 1, 0.05))) == 1 + 12
    assert len(play(choose("exhaustive", Space(FEW), 1, 0.05))) == 27


@settings(max_examples=30, deadline=None)
@given(st.integers(), st.floats(0.001, 1.0))
def test_adaptive_always_ends(seed: int, target: float) -> None:
    trials = play(choose("adaptive", Space(MANY), seed, target))
    assert len(trials) < 150
