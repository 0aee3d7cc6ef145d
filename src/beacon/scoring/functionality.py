"""How much of what a container was seen to do needs an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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

#: In which phases a run used each event.
_Phases = Mapping[Event, frozenset[Phase]]


class Functionality:
    """F of every event of some ready runs, for one intent.

    The runs that matter (at least those of the default environment) weigh half of it, all others
    the other half; within each half they weigh the same. A run without a workload weighs nothing
    where others have one: it only shows how the container starts. An event's score is the share of
    the weight of the runs that used it; only by a process from outside: half of that. What a run
    that matters used before it was ready scores 1.
    """

    def __init__(self, runs: Sequence[Run], intent: Intent) -> None:
        self._runs = [(run, _phases(run)) for run in runs]
        driven = any(run.workload != _NO_WORKLOAD for run in runs)
        mattering: list[_Phases] = []
        others: list[_Phases] = []
        self._floor: set[Event] = set()
        for run, used in self._runs:
            matters = intent.matters(run.environment)
            if matters:
                self._floor.update(event for event, phases in used.items() if phases & _BEGINNING)
            if run.workload != _NO_WORKLOAD or not driven:
                (mattering if matters else others).append(used)
        self._halves = [half for half in (mattering, others) if half]
        self._scores: dict[Event, Score] = {}

    def events(self) -> frozenset[Event]:
        """Whatever the runs used."""
        return frozenset[Event]().union(*(used for _, used in self._runs))

    def own_events(self) -> frozenset[Event]:
        """The same without what the container runtime alone used."""
        pairs = (pair for _, used in self._runs for pair in used.items())
        return frozenset(event for event, phases in pairs if phases != {Phase.RUNTIME})

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
        value = sum(shares) / len(shares) if shares else 0.0
        return Score(value, tuple(self._reasons(event)))

    def _reasons(self, event: Event) -> Iterable[Reason]:
        users = [(run, used[event]) for run, used in self._runs if event in used]
        for run, phases in users[:_SHOWN]:
            where = run_name(run.workload, run.environment)
            yield Reason(_worth(phases), f"used in {', '.join(sorted(phases))} of {where}")
        if len(users) > _SHOWN:
            yield Reason(0.0, f"and in {len(users) - _SHOWN} more runs")


def _phases(run: Run) -> _Phases:
    found: dict[Event, set[Phase]] = {}
    for use in run.observation.uses():
        found.setdefault(use.event, set()).add(use.phase)
    return {event: frozenset(phases) for event, phases in found.items()}


def _share(event: Event, half: Sequence[_Phases]) -> float:
    return sum(_worth(used[event]) for used in half if event in used) / len(half)


def _worth(phases: frozenset[Phase]) -> float:
    return _BROUGHT_IN if phases == {Phase.EXEC} else 1.0
