"""How much is still unseen: Good and Turing's estimate, Chao's bound.

Good (1953), "The population frequencies of species and the estimation of population
parameters"; Chao (1987), "Estimating the population size for capture-recapture data with unequal
catchability"; Esty (1983), "A normal limit law for a nonparametric estimator of the coverage of a
random sample"; Wilson (1927), "Probable inference, the law of succession, and statistical
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
    rarest = [min((seen[event] for event in trial.events), default=0) for trial in sample]
    rare = rarest.count(1)
    low, high = interval(rare, rarest.count(2), len(sample))
    chance = rare / len(sample) if sample else 1.0
    shown = {event for trial in sample for event in trial.events}
    bound = _chao([seen[event] for event in shown], len(ready))
    return Estimate(len(sample), rare, chance, low, high, bound)


def interval(once: int, twice: int, total: int) -> tuple[float, float]:
    """The bounds of the chance when `once` of `total` runs showed what no other did.

    `twice` of them showed what one other did. Nine of ten such intervals hold the truth: Esty's,
    for what was never seen may as well have no chance at all; where he says too little, for he
    needs many runs, the upper bound is Wilson's. (0, 1) without a run.
    """
    if not total:
        return 0.0, 1.0
    share = once / total
    half = _Z * sqrt(share * (1 - share) / total + twice / total**2)
    return max(0.0, share - half), min(1.0, max(share + half, _wilson(share, total)))


def _wilson(share: float, total: int) -> float:
    z2 = _Z * _Z
    middle = share + z2 / (2 * total)
    return (middle + _Z * sqrt(share * (1 - share) / total + z2 / (4 * total**2))) / (
        1 + z2 / total
    )


def _chao(counts: Sequence[int], runs: int) -> float:
    once, twice = counts.count(1), counts.count(2)
    if not runs:
        return 0.0
    bound = once * once / (2 * twice) if twice else once * (once - 1) / 2
    return bound * (runs - 1) / runs
