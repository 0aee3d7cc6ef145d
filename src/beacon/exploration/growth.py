"""What each part of a campaign added: the paper's figures 3 and 4 for one profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from beacon.model.environment import Kind
from beacon.model.event import Event, sort_key
from beacon.model.profile import Profile
from beacon.model.run import Run


class Newcomer(msgspec.Struct, frozen=True):
    """An event that the default environment did not show, and the first run that did."""

    event: Event
    run: str


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Events by where they came from; no event is counted twice.

    `baseline`: the default environment without a workload. `workload`: added by the workload in
    it. `options`: added by environments of options alone. `life`: by life-cycle and faults.
    """

    baseline: int
    options: int
    workload: int
    life: int
    newcomers: tuple[Newcomer, ...]

    @property
    def total(self) -> int:
        """All events."""
        return self.baseline + self.options + self.workload + self.life

    @property
    def environments(self) -> float:
        """What options, life-cycle and faults add, as a share of the baseline."""
        return (self.options + self.life) / self.baseline


def growth(profile: Profile, counted: Callable[[Event], Event | None] = lambda e: e) -> Growth:
    """Tell the events of a profile's ready runs apart by what it took to see them.

    `counted` says as what an event counts, and None for those that do not.
    """

    def events(runs: Iterable[Run]) -> frozenset[Event]:
        shown = frozenset[Event]().union(*(run.observation.events() for run in runs))
        return frozenset(event for event in map(counted, shown) if event is not None)

    ready = profile.ready_runs()
    default = [run for run in ready if not run.environment.settings]
    varied = [run for run in ready if run.environment.settings]
    options = [run for run in varied if _only_options(profile, run)]
    baseline = events(run for run in default if not run.kind.driven) or events(default)
    known = events(default)
    by_options = events(options) - known
    return Growth(
        baseline=len(baseline),
        workload=len(known - baseline),
        options=len(by_options),
        life=len(events(varied) - known - by_options),
        newcomers=tuple(_newcomers(varied, known, counted)),
    )


def _only_options(profile: Profile, run: Run) -> bool:
    return profile.surroundings.kinds(run.environment) <= {Kind.OPTION}


def _newcomers(
    runs: Iterable[Run], known: frozenset[Event], counted: Callable[[Event], Event | None]
) -> Iterator[Newcomer]:
    first: dict[Event, str] = {}
    for run in runs:
        for event in map(counted, run.observation.events()):
            if event is not None and event not in known:
                first.setdefault(event, str(run.kind))
    for event in sorted(first, key=sort_key):
        yield Newcomer(event, first[event])
