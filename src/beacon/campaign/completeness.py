"""How complete a profile is, judged by what the policy for availability would lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from beacon.data.runtimes import all_tables
from beacon.exploration.estimate import Unit, estimate_of
from beacon.model.environment import Environment
from beacon.model.event import Event
from beacon.model.profile import Estimate, Profile
from beacon.model.recall import Recall
from beacon.model.run import Run
from beacon.synthesis.leave_out import LeaveOut, recall


def with_completeness(profile: Profile, judges: Callable[[Environment], bool]) -> Profile:
    """The profile with its recall and its estimates; as it is where nothing was varied.

    `judges` says from which environments the chance of another combination is estimated.
    """
    left = LeaveOut(profile, all_tables())
    if profile.exploration is None or not left.environments():
        return profile
    found = recall(left)
    judged = _Judged(left, found)
    exploration = msgspec.structs.replace(
        profile.exploration,
        estimate=judged.combination(judges),
        kind=judged.kind(),
        repetition=judged.repetition(),
    )
    return msgspec.structs.replace(profile, exploration=exploration, recall=found)


class _Judged:
    """The estimates of one profile. What the default environment's policy has is known anyway."""

    def __init__(self, left: LeaveOut, found: Recall) -> None:
        self._left, self._recall = left, found
        self._beyond = left.beyond_default()

    def combination(self, judges: Callable[[Environment], bool]) -> Estimate:
        """Of another combination of the same settings."""
        alone = {each.environment: frozenset(each.events) for each in self._recall.lacking}
        sample: list[Unit] = []
        others: list[frozenset[Event]] = []
        for environment, runs in self._left.environments().items():
            shown = self._shown(runs)
            if judges(environment):
                sample.append(Unit(shown, alone.get(environment, frozenset())))
            else:
                others.append(shown)
        return estimate_of(sample, others)

    def kind(self) -> Estimate:
        """Of another kind of setting. A dimension shows what its values show alone."""
        alone = {each.dimension: frozenset(each.events) for each in self._recall.kinds}
        units = []
        for name, runs in self._left.dimensions().items():
            singles = [run for run in runs if len(run.environment.settings) == 1]
            units.append(Unit(self._shown(singles), alone.get(name, frozenset())))
        return estimate_of(units)

    def repetition(self) -> Estimate | None:
        """Of the default environment under the same workload once more; None if none was."""
        default = [run for run in self._left.runs if not run.environment.settings]
        repeated = {run.workload for run in default if run.repeat}
        equal = (run for run in default if run.workload in repeated)
        found = [self._left.lacking([run]) for run in equal]
        return estimate_of([Unit(alone, alone) for alone in found]) if found else None

    def _shown(self, runs: Iterable[Run]) -> frozenset[Event]:
        shown = frozenset[Event]().union(*(run.observation.events() for run in runs))
        return shown & self._beyond
