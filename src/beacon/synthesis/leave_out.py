"""What runs need that the policy derived without them denies: recall from stored observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from beacon.data.cves import cves
from beacon.data.runtimes import Table, shipped
from beacon.model.cve import Cve
from beacon.model.environment import Environment
from beacon.model.event import Event, sort_key
from beacon.model.intent import PRESETS
from beacon.model.profile import Profile
from beacon.model.recall import Lacking, LackingKind, Recall
from beacon.model.run import Run
from beacon.synthesis.coverage import lets_through
from beacon.synthesis.current_names import with_current_names
from beacon.synthesis.derive import counted_runs, derive
from beacon.synthesis.runtime_floor import needed

#: The intent under which whatever was seen is allowed: what a recording lacks, no weight hides.
_INTENT = PRESETS["availability"]


class LeaveOut:
    """Derives the policy for availability from some of a profile's runs, and judges the others.

    `runtimes` are the measured container runtimes, by default those of the package alone; `known`
    are the vulnerabilities that count, by default all. NothingObservedError when no run in the
    default environment became ready.
    """

    def __init__(
        self, profile: Profile, runtimes: Table | None = None, known: Sequence[Cve] | None = None
    ) -> None:
        self._profile = profile
        self._runtimes = runtimes or shipped()
        self._known = cves() if known is None else known
        self.runs: Sequence[Run] = with_current_names(counted_runs(profile, _INTENT))
        self._events = [run.observation.events() for run in self.runs]
        self._allowed = self._derived(self.runs)

    def environments(self) -> dict[Environment, list[Run]]:
        """The ready runs by environment, in their order; without the default environment."""
        found: dict[Environment, list[Run]] = {}
        for run in self.runs:
            if run.environment.settings:
                found.setdefault(run.environment, []).append(run)
        return found

    def dimensions(self) -> dict[str, list[Run]]:
        """The same runs by the dimensions that differ in them."""
        found: dict[str, list[Run]] = {}
        for run in self.runs:
            for setting in run.environment.settings:
                found.setdefault(setting.dimension, []).append(run)
        return found

    def lacking(self, out: Iterable[Run]) -> frozenset[Event]:
        """What these runs used, the policy from all runs allows, and that from the others denies.

        At least one run in the default environment has to be among the others.
        """
        left_out = {run.name for run in out}
        used: set[Event] = set()
        seen: set[Event] = set()
        kept: list[Run] = []
        for run, events in zip(self.runs, self._events, strict=True):
            if run.name in left_out:
                used |= events
            else:
                seen |= events
                kept.append(run)
        # Nothing is weighed against what was seen, so all that the others used is allowed.
        judged = {event for event in used - seen if lets_through(self._allowed, event)}
        if not judged:
            return frozenset()
        allowed = self._derived(kept)
        return frozenset(event for event in judged if not lets_through(allowed, event))

    def beyond_default(self) -> frozenset[Event]:
        """What any run used that the policy from the default environment alone denies."""
        return self.lacking(run for run in self.runs if run.environment.settings)

    def _derived(self, runs: Sequence[Run]) -> frozenset[Event]:
        floor = needed(self._profile.runtimes(), runs, _INTENT, self._runtimes)
        decided = derive(self._profile, runs, _INTENT, floor, self._known)
        return frozenset(each.event for each in decided if each.allowed)


def recall(left: LeaveOut) -> Recall:
    """Leave each environment but the default one out in turn, then each dimension."""
    environments = left.environments()
    lacking = (Lacking(each, _lacking(left, runs)) for each, runs in environments.items())
    kinds = (LackingKind(name, _lacking(left, runs)) for name, runs in left.dimensions().items())
    return Recall(
        len(environments),
        tuple(each for each in lacking if each.events),
        tuple(each for each in kinds if each.events),
    )


def _lacking(left: LeaveOut, runs: Iterable[Run]) -> tuple[Event, ...]:
    return tuple(sorted(left.lacking(runs), key=sort_key))
