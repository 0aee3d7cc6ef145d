"""Sums of an observation, in a form that tests compare as a whole: presence and absence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from beacon.model.event import Abi, Phase
from beacon.model.observation import CapabilityCheck, Observation, SyscallCount
from kernel.seccomp import HERE


def added(*sums: Mapping[str, int]) -> dict[str, int]:
    """What several parts make together."""
    return dict(sum(map(Counter, sums), Counter[str]()))


def entered(seen: Observation, phase: Phase) -> dict[str, int]:
    """All calls that were let through in a phase, by `name` or `abi:name`."""
    return _counts(seen, phase, lambda entry: entry.count)


def denied(seen: Observation, phase: Phase) -> dict[str, int]:
    """All calls that the filter turned away in a phase."""
    return _counts(seen, phase, lambda entry: entry.denied)


def killed(seen: Observation, phase: Phase) -> dict[str, int]:
    """All calls for which the filter ended a thread or process in a phase."""
    return _counts(seen, phase, lambda entry: entry.killed)


def trapped(seen: Observation, phase: Phase) -> dict[str, int]:
    """All calls that the filter answered with SIGSYS in a phase."""
    return _counts(seen, phase, lambda entry: entry.trapped)


def _counts(
    seen: Observation, phase: Phase, count: Callable[[SyscallCount], int]
) -> dict[str, int]:
    return {
        _name(entry.call.name, entry.call.abi): count(entry)
        for entry in seen.syscalls
        if entry.phase is phase and count(entry)
    }


def processes(seen: Observation, phase: Phase) -> dict[str, tuple[str, ...]]:
    """The names of the processes that made each call in a phase."""
    return {entry.call.name: entry.processes for entry in seen.syscalls if entry.phase is phase}


def phases(seen: Observation) -> set[Phase]:
    """The phases in which anything was seen."""
    calls = {entry.phase for entry in seen.syscalls}
    return calls | {check.phase for check in seen.capabilities}


def checks(seen: Observation, phase: Phase) -> dict[tuple[str, str | None, bool], int]:
    """All decisive checks of the container's own rights: (capability, call, granted) -> count."""
    return _checks(seen, phase, foreign=False)


def foreign_checks(seen: Observation, phase: Phase) -> dict[tuple[str, str | None, bool], int]:
    """The same of rights that are not the container's own."""
    return _checks(seen, phase, foreign=True)


def _checks(
    seen: Observation, phase: Phase, *, foreign: bool
) -> dict[tuple[str, str | None, bool], int]:
    sums: dict[tuple[str, str | None, bool], int] = {}
    for check in seen.capabilities:
        if check.decisive and check.foreign is foreign and check.phase is phase:
            key = (check.capability.name, check.call, check.granted)
            sums[key] = sums.get(key, 0) + check.count
    return sums


def noise(seen: Observation) -> list[CapabilityCheck]:
    """The checks that decide nothing."""
    return [check for check in seen.capabilities if not check.decisive]


def _name(name: str, abi: Abi) -> str:
    return name if abi is HERE.native else f"{abi}:{name}"
