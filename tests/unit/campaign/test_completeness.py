"""A profile's estimates, each with a sample of its own."""

from __future__ import annotations

import msgspec
import pytest

from beacon.campaign.completeness import with_completeness
from beacon.model.environment import Environment
from beacon.model.observation import SyscallCount
from beacon.model.profile import Estimate, Exploration, Profile
from beacon.model.run import Run
from builders import call, profile, run


def under(setting: str, *names: str, repeat: int = 0) -> Run:
    calls: tuple[SyscallCount, ...] = (call("execve"), *map(call, names))
    chosen = ((name, "yes") for name in setting.split(",") if name)
    return msgspec.structs.replace(run(*calls), environment=Environment.of(chosen), repeat=repeat)


def explored(*runs: Run) -> Profile:
    plan = Exploration(
        strategy="adaptive",
        seed=1,
        finished=True,
        estimate=Estimate(runs=0, rare=0, chance=1.0, low=0.0, high=1.0, unseen=0.0),
    )
    return msgspec.structs.replace(profile(*runs), exploration=plan)


def is_pair(environment: Environment) -> bool:
    return len(environment.settings) > 1


def of(recorded: Profile) -> Exploration:
    found = with_completeness(recorded, is_pair).exploration
    assert found is not None
    return found


def test_a_combination_of_what_was_run_alone_brings_nothing_a_kind_does() -> None:
    found = of(
        explored(
            under(""), under("a", "ptrace"), under("b", "kill"), under("a,b", "ptrace", "kill")
        )
    )
    assert (found.estimate.rare, found.estimate.runs) == (0, 1)
    assert found.kind is not None
    assert (found.kind.rare, found.kind.runs) == (2, 2)


def test_what_only_a_combination_showed_counts_for_it_and_for_its_kinds() -> None:
    found = of(explored(under(""), under("a"), under("b"), under("c"), under("a,b", "ptrace")))
    assert (found.estimate.rare, found.estimate.runs) == (1, 1)
    assert found.kind is not None
    assert (found.kind.rare, found.kind.runs) == (2, 3)


def test_a_repetition_brings_what_chance_does() -> None:
    runs = [under(""), under("", repeat=1), under("", "sched_yield", repeat=2), under("a")]
    found = of(explored(*runs)).repetition
    assert found is not None
    assert (found.rare, found.runs) == (1, 3)
    assert found.chance == pytest.approx(1 / 3)


def test_without_repetitions_nothing_is_said_of_chance() -> None:
    assert of(explored(under(""), under("a"))).repetition is None


def test_what_is_inferred_anyway_is_not_rare() -> None:
    found = of(explored(under("", "rt_sigaction"), under("a", "rt_sigreturn"), under("b")))
    assert found.kind is not None
    assert found.kind.rare == 0


def test_where_nothing_was_varied_a_profile_stays_as_it_is() -> None:
    recorded = explored(under(""))
    assert with_completeness(recorded, is_pair) is recorded
    varied = profile(under(""), under("a"))
    assert with_completeness(varied, is_pair) is varied
