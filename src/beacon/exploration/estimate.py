"""How much is still unseen, by incidence: Good and Turing's estimate, Chao's bound.

An event counts once for each unit (a run, an environment, a dimension) that shows it, however
often it happens there.

Good (1953), "The population frequencies of species and the estimation of population
parameters": the share of units that alone show something is the chance that one more unit does,
without bias for a sample that is smaller by one. Chao (1987), "Estimating the population size for
capture-recapture data with unequal catchability": the bound of what no unit shows, for incidence
(Chao2, its classic form). Esty (1983), "A normal limit law for a nonparametric estimator of the
coverage of a random sample"; Wilson (1927), "Probable inference, the law of succession, and
statistical inference".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import sqrt

import msgspec

from beacon.model.environment import Environment
from beacon.model.event import Event
from beacon.model.profile import Estimate
from beacon.model.run import Run

#: Of the normal distribution: nine of ten intervals hold the truth.
_Z = 1.645


class Trial(msgspec.Struct, frozen=True):
    """One environment that was run. `ready`: its events count."""

    environment: Environment
    ready: bool
    events: frozenset[Event]


def trials(runs: Sequence[Run]) -> list[Trial]:
    """The runs as a strategy sees them: all of the default environment as one, the first."""
    default = [run for run in runs if not run.environment.settings]
    shown = (run.observation.events() for run in default if run.outcome.ready)
    ready = any(run.outcome.ready for run in default)
    return [
        Trial(Environment(), ready, frozenset().union(*shown)),
        *(
            Trial(run.environment, run.outcome.ready, run.observation.events())
            for run in runs
            if run.environment.settings
        ),
    ]


class Unit(msgspec.Struct, frozen=True):
    """One of a sample of equal things. `events` are those that count of what it shows.

    `alone`: those that would be new if it were left out.
    """

    events: frozenset[Event]
    alone: frozenset[Event]


def estimate(trials: Sequence[Trial], judged: Callable[[Environment], bool]) -> Estimate:
    """Leave each judged run out in turn: would it have shown something new?"""
    ready = [trial for trial in trials if trial.ready]
    seen = Counter(event for trial in ready for event in trial.events)
    sample = [trial.events for trial in ready if judged(trial.environment)]
    units = [Unit(events, frozenset(e for e in events if seen[e] == 1)) for events in sample]
    return estimate_of(units, [t.events for t in ready if not judged(t.environment)])


def estimate_of(sample: Sequence[Unit], others: Sequence[frozenset[Event]] = ()) -> Estimate:
    """The chance that one more unit like those of the sample shows what no unit shows.

    `others` are units that are no part of the sample, and whose events are known as well.
    """
    counts = Counter(event for events in (*(u.events for u in sample), *others) for event in events)
    rare = sum(bool(unit.alone) for unit in sample)
    twice = sum(not unit.alone and any(counts[e] == 2 for e in unit.events) for unit in sample)
    low, high = interval(rare, twice, len(sample))
    chance = rare / len(sample) if sample else 1.0
    once = len(frozenset[Event]().union(*(unit.alone for unit in sample)))
    shown = frozenset[Event]().union(*(unit.events for unit in sample))
    two = sum(counts[event] == 2 for event in shown)
    unseen = chao2(once, two, len(sample) + len(others))
    return Estimate(runs=len(sample), rare=rare, chance=chance, low=low, high=high, unseen=unseen)


def interval(once: int, twice: int, total: int) -> tuple[float, float]:
    """The bounds of the chance when `once` of `total` runs showed what no other did.

    `twice` of them showed what one other did. Nine of ten such intervals hold the truth: Esty's,
    for what was never seen may as well have no chance at all; where his are too close, for he
    needs many runs, they are Wilson's. (0, 1) without a run.
    """
    if not total:
        return 0.0, 1.0
    share = once / total
    half = _Z * sqrt(share * (1 - share) / total + twice / total**2)
    low, high = _wilson(share, total)
    return max(0.0, min(share - half, low)), min(1.0, max(share + half, high))


def _wilson(share: float, total: int) -> tuple[float, float]:
    z2 = _Z * _Z
    middle = share + z2 / (2 * total)
    half = _Z * sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return (middle - half) / (1 + z2 / total), (middle + half) / (1 + z2 / total)


def chao2(once: int, twice: int, units: int) -> float:
    """At least so many events are unseen, when `once` showed in one of the units, `twice` in two.

    Without an event that showed in two it is the form that Chao gives for this case.
    """
    if not units:
        return 0.0
    bound = once * once / (2 * twice) if twice else once * (once - 1) / 2
    return bound * (units - 1) / units
