"""The default strategy: each setting alone, then those together that showed something new.

Most settings show nothing; most of what pairs show, one of the two shows alone. So pairs are
spent where something happened, and random combinations only to learn how much is still unseen.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from itertools import combinations

from beacon.exploration.estimate import Trial, estimate
from beacon.exploration.fixed import combinations_at_random, shuffled
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Environment, Setting
from beacon.model.event import Event

#: Pairs of informative settings at most; the most informative come first.
PAIRS = 12
_Stages = Generator[Sequence[Environment], Sequence[Trial], None]
#: Random combinations at least and at most: the estimate is made from them. Where none of 25 shows
#: something new, its interval ends below a chance of 10 %; of two batches three may fail to start.
BATCH, MOST = 14, 42


class Adaptive(Strategy):
    """One at a time; informative ones together; at random until little is left to be seen."""

    name = "adaptive"
    repetitions = 3

    def __init__(self, space: Space, seed: int, target: float) -> None:
        self._space, self._target = space, target
        self._singles = shuffled(space.singles(), seed)
        self._drawn: set[Environment] = set()
        self._source = random.Random(seed)  # noqa: S311 - no secret
        self._stages = self._run()
        next(self._stages)

    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        """The next batch of the current stage."""
        try:
            return self._stages.send(trials)
        except StopIteration:
            return ()

    def judges(self, environment: Environment) -> bool:
        """Whether it is a random combination: the others were not chosen by chance."""
        return environment in self._drawn

    def _run(self) -> _Stages:
        """The stages, as a coroutine that is sent the trials so far."""
        trials = yield ()
        if self._singles:
            trials = yield self._singles
        if together := self._together(trials):
            trials = yield together
        tried = {trial.environment for trial in trials}
        usable = [setting for setting in self._space.settings() if _ready_alone(setting, trials)]
        source = combinations_at_random(self._space, self._source, usable)
        drawn = (environment for environment in source if environment not in tried)
        yield from self._sample(drawn)

    def _sample(self, drawn: Iterator[Environment]) -> _Stages:
        count = 0
        while count < MOST:
            batch = [e for e, _ in zip(drawn, range(BATCH), strict=False)]
            if not batch:
                return
            self._drawn.update(batch)
            trials = yield batch
            count += len(batch)
            if estimate(trials, self.judges).high <= self._target:
                return

    def _together(self, trials: Sequence[Trial]) -> list[Environment]:
        ranked = _informative(trials)
        groups = self._groups(ranked)
        pairs = [pair for pair in combinations(ranked, 2) if self._space.fit(pair)][:PAIRS]
        chosen = [Environment.of(group) for group in (*groups, *pairs) if len(group) > 1]
        return list(dict.fromkeys(chosen))

    def _groups(self, ranked: Sequence[Setting]) -> list[list[Setting]]:
        """All informative settings in as few environments as their conflicts allow."""
        groups: list[list[Setting]] = []
        for setting in ranked:
            for group in groups:
                if self._space.fit([*group, setting]):
                    group.append(setting)
                    break
            else:
                groups.append([setting])
        return groups


def _informative(trials: Sequence[Trial]) -> list[Setting]:
    """Settings that alone showed what the default did not, those with the rarest events first."""
    usual = trials[0].events if trials else frozenset()
    singles = [t for t in trials if t.ready and len(t.environment.settings) == 1]
    shown: dict[Event, int] = {}
    for trial in singles:
        for event in trial.events - usual:
            shown[event] = shown.get(event, 0) + 1
    weights = {
        trial.environment.settings[0]: sum(1 / shown[event] for event in trial.events - usual)
        for trial in singles
    }
    found = [setting for setting, weight in weights.items() if weight]
    return sorted(found, key=lambda setting: (-weights[setting], setting))


def _ready_alone(setting: Setting, trials: Sequence[Trial]) -> bool:
    alone = Environment((setting,))
    return any(trial.ready for trial in trials if trial.environment == alone)
