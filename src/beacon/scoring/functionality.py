"""How much of what a container was seen to do needs an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from beacon.model.ablation import AblatedEntry, Ablation, Necessity
from beacon.model.environment import Environment
from beacon.model.event import Event, Phase
from beacon.model.intent import Intent
from beacon.model.run import Run
from beacon.model.score import Reason, Score
from beacon.model.support import repeated

#: Before a container is ready it does nothing for anybody: all of it is needed.
_BEGINNING = frozenset({Phase.RUNTIME, Phase.START})
#: What somebody brings into a container by hand (docker exec) is not the container's own work.
_BROUGHT_IN = 0.5
_SHOWN = 3
#: The reason of what a run that counts used before it was ready.
NEEDED_TO_START = "needed to become ready"
#: The reason of what a container runtime calls itself.
NEEDED_BY_RUNTIME = "needed by a container runtime"
#: The reason of what ablation proved to be unneeded.
UNNEEDED = "unneeded: ablation removed it, and nothing broke"


class FunctionalityScorer:
    """F of every event of some ready runs, for one intent.

    One half is for the environments that matter (at least the default one): the largest share of
    the runs of one image in one of them that used the event. The other half is for all other
    environments: the share of their runs that used it. F is the first half, or the mean of both if
    that is more. So what an environment that matters always needs scores 1, and what none of them
    needs 0.5 at most.

    A run without a workload counts for nothing where others have one: it only shows how the
    container starts. A run that does not matter counts half where only a process from outside used
    the event. What a run that matters used before it was ready scores 1.

    Ablation knows better: without what it proved to be needed something breaks, so that scores 1;
    what it proved to be unneeded counts as not used in the environments where it was tested.
    """

    def __init__(
        self, runs: Sequence[Run], intent: Intent, ablation: Ablation | None = None
    ) -> None:
        self._proven = _proven(ablation)
        self._runs = [
            _Used(
                group,
                intent.matters(group[0].environment),
                _unneeded(ablation, group[0].environment),
            )
            for group in repeated(runs)
        ]
        self._floor = {
            event
            for used in self._runs
            for event, phases in used.phases.items()
            if used.matters and phases & _BEGINNING and event not in used.unneeded
        } | {event for event, entry in self._proven.items() if entry.starts}
        self._mattering = _by_environment(used for used in self._runs if used.matters)
        self._others = _counted([used for used in self._runs if not used.matters])
        self._scores: dict[Event, Score] = {}
        self._events = frozenset[Event]().union(*(used.phases for used in self._runs))

    def events(self) -> frozenset[Event]:
        """Whatever the runs used."""
        return self._events

    def own_events(self) -> frozenset[Event]:
        """The same without what the container runtime alone used."""
        runtime = {Phase.RUNTIME}
        pairs = (pair for used in self._runs for pair in used.phases.items())
        return frozenset(event for event, phases in pairs if phases != runtime)

    def needed_to_start(self, event: Event) -> bool:
        """Whether a run that matters used it before it was ready."""
        return event in self._floor

    def unneeded(self) -> frozenset[Event]:
        """What ablation proved to be unneeded wherever it was used."""
        found = frozenset[Event]().union(*(used.unneeded for used in self._runs))
        elsewhere = (used.phases.keys() - used.unneeded for used in self._runs)
        return found.difference(*elsewhere)

    def score(self, event: Event) -> Score:
        """F of the event."""
        if event not in self._scores:
            self._scores[event] = self._score(event)
        return self._scores[event]

    def _score(self, event: Event) -> Score:
        if proof := self._proven.get(event):
            proven = Reason(1.0, f"proven: {proof.sentence()}")
            return Score(1.0, (proven, *self._reasons(event)))
        if event in self._floor:
            return Score(1.0, (Reason(1.0, NEEDED_TO_START),))
        matters = max((_share(event, runs) for runs in self._mattering), default=0.0)
        value = max(matters, (matters + _share(event, self._others)) / 2)
        return Score(value, tuple(self._reasons(event)))

    def _reasons(self, event: Event) -> Iterable[Reason]:
        if any(event in used.unneeded for used in self._runs):
            yield Reason(0.0, UNNEEDED)
        users = [used for used in self._runs if event in used.phases]
        for used in users[:_SHOWN]:
            phases = ", ".join(sorted(used.phases[event]))
            yield Reason(used.worth(event), f"used in {phases} of {used.run.kind}")
        if len(users) > _SHOWN:
            yield Reason(0.0, f"and in {len(users) - _SHOWN} more runs")


class _Used:
    """What one run used, or several of the same kind, and in which phases.

    Of that ablation proved some `unneeded` there.
    """

    def __init__(self, group: Sequence[Run], matters: bool, unneeded: Set[Event]) -> None:
        self.run, self.matters = group[0], matters
        found: dict[Event, set[Phase]] = {}
        for run in group:
            for use in run.observation.uses():
                found.setdefault(use.event, set()).add(use.phase)
        self.phases: Mapping[Event, set[Phase]] = found
        self.unneeded = unneeded & found.keys()

    def worth(self, event: Event) -> float:
        """How much this run says for the event."""
        phases = self.phases.get(event)
        if not phases or event in self.unneeded:
            return 0.0
        return _BROUGHT_IN if phases == {Phase.EXEC} and not self.matters else 1.0


def _proven(ablation: Ablation | None) -> Mapping[Event, AblatedEntry]:
    entries = ablation.of(Necessity.NEEDED) if ablation else ()
    return {each.event: each for each in entries}


def _unneeded(ablation: Ablation | None, environment: Environment) -> frozenset[Event]:
    if ablation is None or environment not in ablation.environments:
        return frozenset()
    return frozenset(each.event for each in ablation.of(Necessity.UNNEEDED))


def _counted(runs: Sequence[_Used]) -> Sequence[_Used]:
    """Those under a workload; all of them if there is none."""
    return [used for used in runs if used.run.kind.driven] or runs


def _by_environment(runs: Iterable[_Used]) -> list[Sequence[_Used]]:
    groups: dict[tuple[Environment, str | None], list[_Used]] = {}
    for used in runs:
        groups.setdefault((used.run.environment, used.run.image_id), []).append(used)
    return [_counted(group) for group in groups.values()]


def _share(event: Event, runs: Sequence[_Used]) -> float:
    return sum(used.worth(event) for used in runs) / len(runs) if runs else 0.0
