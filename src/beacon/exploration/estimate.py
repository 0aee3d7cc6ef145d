"""How much is still unseen: Good and Turing's estimate, Chao's bound.

Good (1953), "The population frequencies of species and the estimation of population
parameters"; Chao (1987), "Estimating the population size for capture-recapture data with unequal
catchability"; Wilson (1927), "Probable inference, the law of succession, and statistical
inference".
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


def estimate(trials: Sequence[Trial], judged: Callable[[Trial], bool]) -> Estimate:
    """Leave each judged run out in turn: would it have shown something new?

    This is Good and Turing's share of singletons, counted by runs: what has been seen in exactly
    one run would have been new in it.
    """
    ready = [trial for trial in trials if trial.ready]
    seen = Counter(event for trial in ready for event in trial.events)
    sample = [trial for trial in ready if judged(trial)]
    rare = sum(any(seen[event] == 1 for event in trial.events) for trial in sample)
    low, high = wilson(rare, len(sample))
    chance = rare / len(sample) if sample else 1.0
    return Estimate(len(sample), rare, chance, low, high, _chao(seen, len(ready)))


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The interval that a share of `hits` in `total` lies in; (0, 1) when there are none."""
    if not total:
        return 0.0, 1.0
    share, z2 = hits / total, _Z * _Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def _chao(seen: Counter[Event], runs: int) -> float:
    once = sum(count == 1 for count in seen.values())
    twice = sum(count == 2 for count in seen.values())
    if not runs:
        return 0.0
    bound = once * once / (2 * twice) if twice else once * (once - 1) / 2
    return bound * (runs - 1) / runs
