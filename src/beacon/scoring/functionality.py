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

Use = Mapping[Event, frozenset[Phase]]


class Functionality:
    """F of every event of some ready runs, for one intent.

    The runs that matter (at least those of the default environment) weigh half of it, all others
    the other half; within each half they weigh the same. A run without a workload weighs nothing
    where others have one: it only shows how the container starts. An event's score is the share of
    the weight of the runs that used it; only by a process from outside: half of that. What a run
    that matters used before it was ready scores 1.
    """

    def __init__(self, runs: Sequence[Run], intent: Intent) -> None:
        self._runs = [(run, _use(run)) for run in runs]
        self._matters = [intent.matters(run.environment) for run in runs]
        driven = any(run.workload != _NO_WORKLOAD for run in runs)
        weighed = [not driven or run.workload != _NO_WORKLOAD for run in runs]
        self._halves = [
            [
                use
                for (_, use), m, w in zip(self._runs, self._matters, weighed, strict=True)
                if w and m is half
            ]
            for half in (True, False)
        ]

    def events(self) -> frozenset[Event]:
        """Whatever the runs used."""
        return frozenset[Event]().union(*(use for _, use in self._runs))

    def own_events(self) -> frozenset[Event]:
        """The same without what the container runtime alone used."""
        pairs = (pair for _, use in self._runs for pair in use.items())
        return frozenset(event for event, phases in pairs if phases != {Phase.RUNTIME})

    def needed_to_start(self, event: Event) -> bool:
        """Whether a run that matters used it before it was ready."""
        pairs = zip(self._runs, self._matters, strict=True)
        return any(m and _BEGINNING & use.get(event, frozenset()) for (_, use), m in pairs)

    def score(self, event: Event) -> Score:
        """F of the event."""
        if self.needed_to_start(event):
            return Score(1.0, (Reason(1.0, "needed to become ready"),))
        shares = [_share(event, uses) for uses in self._halves if uses]
        value = sum(shares) / len(shares) if shares else 0.0
        return Score(value, tuple(self._reasons(event)))

    def _reasons(self, event: Event) -> Iterable[Reason]:
        users = [(run, use[event]) for run, use in self._runs if event in use]
        for run, phases in users[:_SHOWN]:
            where = run_name(run.workload, run.environment)
            yield Reason(_worth(phases), f"used in {', '.join(sorted(phases))} of {where}")
        if len(users) > _SHOWN:
            yield Reason(0.0, f"and in {len(users) - _SHOWN} more runs")


def _use(run: Run) -> Use:
    found: dict[Event, set[Phase]] = {}
    for entry in run.observation.syscalls:
        for call, counted in entry.parts():
            if counted.count:
                found.setdefault(call, set()).add(entry.phase)
    for check in run.observation.capabilities:
        if check.needed:
            found.setdefault(check.capability, set()).add(check.phase)
    return {event: frozenset(phases) for event, phases in found.items()}


def _share(event: Event, uses: Sequence[Use]) -> float:
    return sum(_worth(use[event]) for use in uses if event in use) / len(uses)


def _worth(phases: frozenset[Phase]) -> float:
    return _BROUGHT_IN if phases == {Phase.EXEC} else 1.0
