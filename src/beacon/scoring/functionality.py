"""How much of what a container was seen to do needs an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from beacon.model.event import Event, Phase
from beacon.model.intent import Intent
from beacon.model.run import Run, run_name
from beacon.model.score import Reason, Score

#: Before a container is ready it does nothing for anybody: all of it is needed.
_BEGINNING = frozenset({Phase.RUNTIME, Phase.START})
#: What somebody brings into a container by hand (docker exec) is not the container's own work.
_BROUGHT_IN = 0.5
_SHOWN = 3
_NO_WORKLOAD = "none"


class Functionality:
    """F of every event of some ready runs, for one intent.

    The share of the runs that used it: among those that matter (at least those of the default
    environment), or, if that is more, the mean of this share and the one among the others. So what
    all runs that matter need scores 1, and what none of them needs 0.5 at most. A run without a
    workload counts for nothing where others have one: it only shows how the container starts. A run
    that does not matter counts half where only a process from outside used the event. What a run
    that matters used before it was ready scores 1.
    """

    def __init__(self, runs: Sequence[Run], intent: Intent) -> None:
        self._runs = [_Used(run, intent.matters(run.environment)) for run in runs]
        self._floor = {
            event
            for used in self._runs
            for event, phases in used.phases.items()
            if used.matters and phases & _BEGINNING
        }
        driven = any(run.workload != _NO_WORKLOAD for run in runs)
        counted = [u for u in self._runs if u.run.workload != _NO_WORKLOAD or not driven]
        halves = ([used for used in counted if used.matters is half] for half in (True, False))
        self._halves = [half for half in halves if half]
        self._scores: dict[Event, Score] = {}

    def events(self) -> frozenset[Event]:
        """Whatever the runs used."""
        return frozenset[Event]().union(*(used.phases for used in self._runs))

    def own_events(self) -> frozenset[Event]:
        """The same without what the container runtime alone used."""
        runtime = {Phase.RUNTIME}
        pairs = (pair for used in self._runs for pair in used.phases.items())
        return frozenset(event for event, phases in pairs if phases != runtime)

    def needed_to_start(self, event: Event) -> bool:
        """Whether a run that matters used it before it was ready."""
        return event in self._floor

    def score(self, event: Event) -> Score:
        """F of the event."""
        if event not in self._scores:
            self._scores[event] = self._score(event)
        return self._scores[event]

    def _score(self, event: Event) -> Score:
        if event in self._floor:
            return Score(1.0, (Reason(1.0, "needed to become ready"),))
        shares = [_share(event, half) for half in self._halves]
        value = max(shares[0], fmean(shares)) if shares else 0.0
        return Score(value, tuple(self._reasons(event)))

    def _reasons(self, event: Event) -> Iterable[Reason]:
        users = [used for used in self._runs if event in used.phases]
        for used in users[:_SHOWN]:
            where = run_name(used.run.workload, used.run.environment)
            phases = ", ".join(sorted(used.phases[event]))
            yield Reason(used.worth(event), f"used in {phases} of {where}")
        if len(users) > _SHOWN:
            yield Reason(0.0, f"and in {len(users) - _SHOWN} more runs")


class _Used:
    """What one run used, and in which phases."""

    def __init__(self, run: Run, matters: bool) -> None:
        self.run, self.matters = run, matters
        found: dict[Event, set[Phase]] = {}
        for use in run.observation.uses():
            found.setdefault(use.event, set()).add(use.phase)
        self.phases: Mapping[Event, set[Phase]] = found

    def worth(self, event: Event) -> float:
        """How much this run says for the event."""
        phases = self.phases.get(event)
        if not phases:
            return 0.0
        return _BROUGHT_IN if phases == {Phase.EXEC} and not self.matters else 1.0


def _share(event: Event, runs: Sequence[_Used]) -> float:
    return sum(used.worth(event) for used in runs) / len(runs)
