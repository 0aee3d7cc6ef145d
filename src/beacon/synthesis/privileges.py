"""What a container did to give up privileges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from beacon.data.privileges import privileges
from beacon.model.event import Event, Phase, Syscall
from beacon.model.observation import OTHERS, Observation, Use
from beacon.model.run import Run
from beacon.synthesis.coverage import overlap


class GivingUp(NamedTuple):
    """A call by which a program, named as processes are, gave up privileges."""

    call: Syscall
    program: str


def given_up(seen: Observation) -> frozenset[GivingUp]:
    """What its own processes did to that end, whatever came of it."""
    return frozenset(
        GivingUp(use.event, program)
        for use in _own(seen)
        if isinstance(use.event, Syscall) and privileges().give_up(use.event)
        for program in use.processes
    )


def always_given_up(runs: Iterable[Run]) -> frozenset[GivingUp]:
    """What each of the runs did; nothing for none."""
    found = [given_up(run.observation) for run in runs]
    return frozenset.intersection(*found) if found else frozenset()


def not_given_up(before: Iterable[GivingUp], seen: Observation) -> frozenset[Syscall]:
    """The calls of these that were not made now, by any program or by one of those.

    One run may tell a call's arguments apart where another, with too many of them, does not.
    """
    now = given_up(seen)
    return frozenset(each.call for each in before if not any(_same(each, other) for other in now))


def _same(one: GivingUp, other: GivingUp) -> bool:
    return (
        (one.call.name, one.call.abi) == (other.call.name, other.call.abi)
        and overlap(one.call, other.call)
        and (one.program == other.program or OTHERS in (one.program, other.program))
    )


def lacking(denied: Iterable[Event], seen: Observation) -> frozenset[Event]:
    """What a program lacked to give up privileges, of what was denied.

    Also a capability that such a call asked for (CAP_SYS_ADMIN by seccomp).
    """
    asked = {
        check.capability
        for check in seen.capabilities
        if check.refused and check.call and privileges().give_up(Syscall(check.call))
    }
    return frozenset(each for each in denied if privileges().give_up(each) or each in asked)


def guarded(runs: Iterable[Run]) -> frozenset[Event]:
    """What gives up privileges in one of these runs, and what tells such a program which it has.

    The former may happen seldom, so that no later run misses it. The latter goes by the program's
    name: what a script asks before it starts another program is not meant.
    """
    uses = [use for run in runs for use in _own(run.observation)]
    giving = [use for use in uses if privileges().give_up(use.event)]
    names = {name for use in giving for name in use.processes}
    asking = (use for use in uses if privileges().ask(use.event) and _may_be(names, use))
    return frozenset(use.event for use in (*giving, *asking))


def _may_be(names: Set[str], use: Use) -> bool:
    """Whether one of these programs made it; the names of many are not kept."""
    unknown = OTHERS in names or (bool(names) and OTHERS in use.processes)
    return unknown or not names.isdisjoint(use.processes)


def _own(seen: Observation) -> Iterator[Use]:
    """Not the container runtime's, which gives up privileges before the entry point."""
    return (use for use in seen.uses() if use.phase is not Phase.RUNTIME)
