"""A policy without some of its entries, and which of them ablation may take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

import msgspec

from beacon.data.fallbacks import not_implemented
from beacon.data.runtimes import Table, find_floor
from beacon.model.environment import Environment
from beacon.model.event import Capability, Event, Phase, Syscall, sort_key, without_argument
from beacon.model.policy import Dropped, Evidence, Policy
from beacon.model.run import run_name

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
    syscalls = tuple(each for each in policy.syscalls if each.call not in events)
    abis = tuple(sorted({each.call.abi for each in syscalls}))
    return msgspec.structs.replace(
        policy,
        syscalls=syscalls,
        abis=abis,
        capabilities=tuple(
            each for each in policy.capabilities if Capability(each.name) not in events
        ),
        not_implemented=not_implemented({each.call.name for each in syscalls}, abis),
        dropped=(
            *policy.dropped,
            *(
                Dropped(e, 0, Evidence((), (), ()), because=_BECAUSE)
                for e in sorted(events, key=sort_key)
            ),
        ),
    )


def units(policy: Policy) -> list[Unit]:
    """The policy's entries, each with those that a filter cannot tell from it.

    A rule holds on all ABIs, and one without arguments for all argument classes.
    """
    whole = {each.call.name for each in policy.syscalls if each.call.argument is None}
    found: dict[tuple[str, str | None], set[Event]] = {}
    for each in policy.syscalls:
        argument = None if each.call.name in whole else each.call.argument
        found.setdefault((each.call.name, argument), set()).add(each.call)
    capabilities = [frozenset({Capability(each.name)}) for each in policy.capabilities]
    return [*map(frozenset, found.values()), *capabilities]


def untestable(policy: Policy, environments: Iterable[Environment]) -> Mapping[Event, str]:
    """The entries of which runs in these environments say nothing, each with the reason."""
    tested = {
        run_name(each.workload, each.environment)
        for each in policy.replays
        if each.environment in set(environments)
    }
    return {
        event: INFERRED if not evidence.runs else ELSEWHERE
        for event, evidence in _evidence(policy)
        if not tested & {run.partition("#")[0] for run in evidence.runs}
    }


def of_runtime(policy: Policy, table: Table) -> frozenset[Event]:
    """The entries that a container runtime may make before the entry point, perhaps by chance.

    Also that by which it gives up where another is denied.
    """
    floors = (find_floor(table, each.measured or each.runtime) for each in policy.runtimes)
    calls = {call for floor in floors if floor for call in (*floor.calls, *floor.exec)}
    calls |= {call for each in calls if isinstance(call := without_argument(each), Syscall)}
    return frozenset(
        event
        for event, evidence in _evidence(policy)
        if Phase.RUNTIME in evidence.phases or event in calls or event.name == _GIVES_UP
    )


def _evidence(policy: Policy) -> Iterable[tuple[Event, Evidence]]:
    yield from ((each.call, each.evidence) for each in policy.syscalls)
    yield from ((Capability(each.name), each.evidence) for each in policy.capabilities)
