"""What a container did to give up privileges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.data.privileges import privileges
from beacon.model.event import Event, Phase, Syscall
from beacon.model.observation import Observation, Use
from beacon.model.run import Run


def given_up(seen: Observation) -> frozenset[Syscall]:
    """The calls that its own processes made to that end, whatever came of them."""
    return frozenset(
        use.event
        for use in _own(seen)
        if isinstance(use.event, Syscall) and privileges().give_up(use.event)
    )


def always_given_up(runs: Iterable[Run]) -> frozenset[Syscall]:
    """Those that each of the runs made; nothing for none."""
    found = [given_up(run.observation) for run in runs]
    return frozenset.intersection(*found) if found else frozenset()


def guarded(runs: Iterable[Run]) -> frozenset[Event]:
    """What tells a program its privileges that gives some up, in one of these runs.

    By the program's name: what a script asks before it starts another program is not meant.
    """
    uses = [use for run in runs for use in _own(run.observation)]
    giving = {name for use in uses if privileges().give_up(use.event) for name in use.processes}
    return frozenset(
        use.event
        for use in uses
        if privileges().ask(use.event) and not giving.isdisjoint(use.processes)
    )


def _own(seen: Observation) -> Iterator[Use]:
    """Not the container runtime's, which gives up privileges before the entry point."""
    return (use for use in seen.uses() if use.phase is not Phase.RUNTIME)
