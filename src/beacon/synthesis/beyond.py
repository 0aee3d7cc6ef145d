"""What runs did beyond a policy: what it denies, had it been enforced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from beacon.model.event import Event
from beacon.model.observation import CapabilityCheck, Observation, SyscallCount
from beacon.model.policy import Policy
from beacon.model.run import Run
from beacon.synthesis.coverage import covers


class Allowed:
    """What a policy lets through, by itself or because a filter cannot tell it apart."""

    def __init__(self, policy: Policy) -> None:
        self._events, self._abis = policy.events(), policy.abis
        self._by_name: dict[str, list[Event]] = defaultdict(list)
        for event in self._events:
            self._by_name[event.name].append(event)

    def __contains__(self, event: Event) -> bool:
        if event in self._events:
            return True
        return any(covers(each, event, self._abis) for each in self._by_name[event.name])


def beyond(policy: Policy, runs: Iterable[Run]) -> list[Run]:
    """The runs, with only those uses that the policy denies.

    A capability that its environment adds is not denied: verification adds it, too.
    """
    allowed = Allowed(policy)
    return [_beyond(policy, allowed, run) for run in runs]


def _beyond(policy: Policy, allowed: Allowed, run: Run) -> Run:
    added = policy.surroundings.added_capabilities(run.environment)
    everything = "CAP_ALL" in added
    return only(run, lambda event: not (event in allowed or everything or event.name in added))


def only(run: Run, wanted: Callable[[Event], bool]) -> Run:
    """The run, with only the uses of wanted events; what was denied is not a use."""
    seen, abis = run.observation, run.observation.abis()
    used = (each for each in seen.syscalls if each.call.abi in abis)
    observation = Observation(
        syscalls=tuple(part for entry in used for part in _parts(entry, wanted)),
        capabilities=tuple(
            each for each in seen.capabilities if each.needed and wanted(each.capability)
        ),
    )
    return replace(run, observation=observation)


def _parts(entry: SyscallCount, wanted: Callable[[Event], bool]) -> Iterator[SyscallCount]:
    parts = [(call, part) for call, part in entry.parts() if part.count and wanted(call)]
    if not parts:
        return
    classes = tuple(part for call, part in parts if call.argument is not None)
    count = sum(part.count for _, part in parts)
    processes = tuple(sorted({name for _, part in parts for name in part.processes}))
    # Its ABI is used, if not by this call: none of these counts as failed any more.
    yield SyscallCount(
        call=entry.call,
        phase=entry.phase,
        count=count,
        denied=0,
        first_ns=entry.first_ns,
        processes=processes,
        classes=classes,
    )


def as_if_allowed(policy: Policy, run: Run) -> Run:
    """A run under the policy, with what it denied counted as used.

    Not by an ABI that the policy lacks: whether its calls do more than fail, nobody saw.
    """
    seen = run.observation
    observation = replace(
        seen,
        syscalls=tuple(_entered(each) for each in seen.syscalls if each.call.abi in policy.abis),
        capabilities=tuple(map(_granted, seen.capabilities)),
    )
    return replace(run, observation=observation)


def _entered(entry: SyscallCount) -> SyscallCount:
    classes = tuple(
        replace(each, count=each.count + each.denied, denied=0) for each in entry.classes
    )
    return replace(entry, count=entry.count + entry.denied, denied=0, classes=classes)


def _granted(check: CapabilityCheck) -> CapabilityCheck:
    return replace(check, granted=True) if check.refused else check
