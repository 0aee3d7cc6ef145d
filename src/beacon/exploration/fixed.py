"""Strategies that know from the beginning what they want to run."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from beacon.exploration.estimate import Trial
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Environment, Setting

#: Of a list without a known end: small enough for estimates now and then, and to keep jobs busy.
_BATCH = 64


class _Fixed(Strategy):
    """A list is proposed as a whole, what has no known end in parts."""

    def __init__(self, environments: Iterable[Environment]) -> None:
        self._batch = len(environments) if isinstance(environments, list) else _BATCH
        self._left = iter(environments)

    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        """The next of the list that were not tried."""
        tried = {trial.environment for trial in trials}
        return list(islice((e for e in self._left if e not in tried), self._batch))


class Baseline(_Fixed):
    """Nothing but the default environment."""

    name = "baseline"

    def __init__(self) -> None:
        super().__init__(())


class OneAtATime(_Fixed):
    """Each setting alone, in an order that the seed decides."""

    name = "one-at-a-time"

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(shuffled(space.singles(), seed))


class Pairwise(_Fixed):
    """Each two settings that fit, in an order that the seed decides.

    Every pair has a run of its own. A covering array packs many pairs into one run, but a row of
    it sets every dimension at once, and one that keeps the image from starting hides all others.
    """

    name = "pairwise"

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(shuffled(space.pairs(), seed))


class Exhaustive(_Fixed):
    """Every combination: for a few dimensions, named by the user."""

    name = "exhaustive"

    def __init__(self, space: Space) -> None:
        super().__init__(space.all())


class Random(_Fixed):
    """Random combinations without end: a budget has to stop it."""

    name = "random"

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(combinations_at_random(space, random.Random(seed)))  # noqa: S311


def shuffled(environments: Iterable[Environment], seed: int) -> list[Environment]:
    """All of them in an order that only the seed decides."""
    order = list(environments)
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    return order


def combinations_at_random(
    space: Space, source: random.Random, usable: Sequence[Setting] | None = None
) -> Iterator[Environment]:
    """Combinations of two to five settings that fit, none twice; ends when no new one is found."""
    settings = list(space.settings() if usable is None else usable)
    given: set[Environment] = set()
    misses = 0
    while misses < 1000 and len(settings) >= 2:
        wanted = source.sample(settings, min(len(settings), source.randint(2, 5)))
        kept: list[Setting] = []
        for setting in wanted:
            if space.fit([*kept, setting]):
                kept.append(setting)
        environment = Environment.of(kept)
        misses += 1
        if len(kept) >= 2 and environment not in given:
            given.add(environment)
            misses = 0
            yield environment
