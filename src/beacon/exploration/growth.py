"""What each part of a campaign added: the paper's figures 3 and 4 for one profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from beacon.model.environment import Kind
from beacon.model.event import Event, order
from beacon.model.profile import Profile
from beacon.model.run import Run, run_name


class Newcomer(msgspec.Struct, frozen=True):
    """An event that the default environment did not show, and the first run that did."""

    event: Event
    run: str


class Growth(msgspec.Struct, frozen=True):
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


def growth(profile: Profile, counted: Callable[[Event], bool] = lambda event: True) -> Growth:
    """Tell the events of a profile's ready runs apart by what it took to see them."""

    def events(runs: Iterable[Run]) -> frozenset[Event]:
        shown = frozenset[Event]().union(*(run.observation.events() for run in runs))
        return frozenset(event for event in shown if counted(event))

    ready = profile.ready_runs()
    default = [run for run in ready if not run.environment.settings]
    varied = [run for run in ready if run.environment.settings]
    options = [run for run in varied if _only_options(profile, run)]
    baseline = events(run for run in default if run.workload == "none") or events(default)
    known = events(default)
    by_options = events(options) - known
    return Growth(
        baseline=len(baseline),
        workload=len(known - baseline),
        options=len(by_options),
        life=len(events(varied) - known - by_options),
        newcomers=tuple(new for new in _newcomers(varied, known) if counted(new.event)),
    )


def _only_options(profile: Profile, run: Run) -> bool:
    return profile.surroundings.kinds(run.environment) <= {Kind.OPTION}


def _newcomers(runs: Iterable[Run], known: frozenset[Event]) -> list[Newcomer]:
    first: dict[Event, str] = {}
    for run in runs:
        for event in run.observation.events() - known:
            first.setdefault(event, run_name(run.workload, run.environment))
    return [
        Newcomer(event, name)
        for event, name in sorted(first.items(), key=lambda item: order(item[0]))
    ]
