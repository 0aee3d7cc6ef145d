"""A policy without some of its entries, and which of them ablation may take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from msgspec.structs import replace

from beacon.data.runtimes import Table, find_floor
from beacon.model.entry import Basis, Entry
from beacon.model.environment import Environment
from beacon.model.event import Capability, Event, Phase, Syscall, without_argument
from beacon.model.policy import Policy
from beacon.synthesis.entries import with_entries

#: Entries that only go together: no filter lets one of them through and not the others.
Unit = frozenset[Event]

INFERRED = "kept: inferred, so that no run shows what it is for"
ELSEWHERE = "kept: only other environments used it"
_BECAUSE = "removed by ablation"
#: By which a runtime's own process ends when something is denied to it. Without it that process
#: writes traces of its Go runtime for ever, and the engine waits with it.
_GIVES_UP = "exit_group"


def without(policy: Policy, events: Set[Event]) -> Policy:
    """The policy as it would be without these events, whose denial is then intended."""
    return with_entries(
        policy, (_removed(each) if each.event in events else each for each in policy.entries)
    )


def _removed(entry: Entry) -> Entry:
    """Denied as intended, though programs can make it."""
    basis = Basis.NAMED if entry.basis is Basis.REACH else entry.basis
    return replace(entry, allowed=False, because=_BECAUSE, basis=basis)


def units(policy: Policy) -> list[Unit]:
    """The policy's entries, each with those that a filter cannot tell from it.

    A rule holds on all ABIs, and one without arguments for all argument classes.
    """
    whole = {call.name for call in policy.calls() if call.argument is None}
    found: dict[tuple[str, str | None], set[Event]] = {}
    for call in policy.calls():
        argument = None if call.name in whole else call.argument
        found.setdefault((call.name, argument), set()).add(call)
    capabilities = [frozenset({Capability(name)}) for name in policy.capabilities()]
    return [*map(frozenset, found.values()), *capabilities]


def untestable(policy: Policy, environments: Iterable[Environment]) -> Mapping[Event, str]:
    """The entries of which runs in these environments say nothing, each with the reason."""
    tested = {str(each.kind) for each in policy.replays if each.environment in set(environments)}
    return {
        each.event: INFERRED if not each.evidence.runs else ELSEWHERE
        for each in policy.entries
        if each.allowed and not tested & {run.partition("#")[0] for run in each.evidence.runs}
    }


def of_runtime(policy: Policy, table: Table) -> frozenset[Event]:
    """The entries that a container runtime may make before the entry point, perhaps by chance.

    Also that by which it gives up where another is denied.
    """
    floors = (find_floor(table, each.measured or each.runtime) for each in policy.runtimes)
    calls = {call for floor in floors if floor for call in (*floor.calls, *floor.exec)}
    calls |= {call for each in calls if isinstance(call := without_argument(each), Syscall)}
    return frozenset(
        each.event
        for each in policy.entries
        if each.allowed
        and (
            Phase.RUNTIME in each.evidence.phases
            or each.event in calls
            or each.event.name == _GIVES_UP
        )
    )
