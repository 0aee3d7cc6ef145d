"""What a caller gets for a call that a policy denies, when runc and libseccomp enforce it.

Three things answer, in this order (https://github.com/opencontainers/runc, patchbpf, and
https://github.com/seccomp/libseccomp):

- runc since 1.0 puts a few instructions before the filter: ENOSYS for each number above the highest
  one that the profile names for the ABI, among the names that its libseccomp knows;
- libseccomp kills callers by an ABI that the profile lacks (the machine's own is always there);
- the rules, as far as libseccomp knows their names, then the default: EPERM.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from beacon.data.fallbacks import not_implemented, why_not_implemented
from beacon.data.kernel import syscall_name, tables
from beacon.data.libseccomp import OLDEST, known_since, lacks, unknown_to, versions
from beacon.model.architecture import with_native
from beacon.model.event import Abi, Event, Syscall
from beacon.model.policy import Policy


class Answer(StrEnum):
    """What the caller of a denied system call gets."""

    EPERM = "EPERM"
    ENOSYS = "ENOSYS"
    KILLED = "SIGSYS"


@dataclass(frozen=True)
class Named:
    """What a profile names: its ABIs, the calls of its rules, and those answered with ENOSYS."""

    abis: frozenset[Abi]
    allowed: frozenset[str]
    not_implemented: frozenset[str]

    def denial(self, abi: Abi, number: int, unknown: Collection[str] = ()) -> Answer:
        """What a call that no rule lets through gets from runc; its libseccomp lacks `unknown`."""
        if abi not in self.abis:
            return Answer.KILLED
        name = syscall_name(abi, number)
        if name in self.not_implemented and not lacks(unknown, abi, name):
            return Answer.ENOSYS
        return Answer.ENOSYS if number > self.highest(abi, unknown) else Answer.EPERM

    def highest(self, abi: Abi, unknown: Collection[str] = ()) -> int:
        """The highest number for an ABI among the names that libseccomp does not lack."""
        named = self.numbers(abi).items()
        return max((n for name, n in named if not lacks(unknown, abi, name)), default=0)

    def numbers(self, abi: Abi) -> dict[str, int]:
        """What the profile names, as far as the ABI has it, with the numbers there."""
        named = self.allowed | self.not_implemented
        return {name: n for name, n in tables().syscalls[abi].items() if name in named}


def named(policy: Policy) -> Named:
    """What the policy's profile names."""
    return Named(
        with_native(policy.abis), frozenset(policy.names()), frozenset(policy.not_implemented)
    )


def denied_with(policy: Policy, call: Syscall) -> str:
    """What the call gets, or would get if the policy did not allow it, in words."""
    number = tables().syscalls[call.abi].get(call.name)
    if number is None:
        return f"nothing: {call.abi} has no call of this name"
    profile = _without(policy, call)
    answer = profile.denial(call.abi, number)
    older = (profile.denial(call.abi, number, unknown_to(version)) for version in versions())
    otherwise = "".join({_otherwise(profile, call, each) for each in older if each is not answer})
    return _words(profile, call, answer) + otherwise


def _without(policy: Policy, call: Syscall) -> Named:
    """What the profile would name if the policy allowed neither the call nor what covers it."""
    calls = policy.calls()
    kept = [each for each in calls if not _stands_for(each, call)]
    if len(kept) == len(calls):
        return named(policy)
    names, abis = {each.name for each in kept}, with_native({each.abi for each in kept})
    return Named(abis, frozenset(names), frozenset(not_implemented(names, abis)))


def _stands_for(allowed: Syscall, call: Syscall) -> bool:
    # A rule holds on every ABI of the policy, and one without arguments for all of them.
    return allowed.name == call.name and (
        call.argument is None or allowed.argument in (None, call.argument)
    )


def _words(profile: Named, call: Syscall, answer: Answer) -> str:
    if answer is Answer.KILLED:
        return f"SIGSYS: a policy without calls of the ABI {call.abi} has its callers killed"
    if answer is Answer.EPERM:
        return "EPERM"
    if call.name in profile.not_implemented:
        return f"ENOSYS: {why_not_implemented(call.name)}"
    return "ENOSYS: above the highest number that the profile names (runc since 1.0; else EPERM)"


def _otherwise(profile: Named, call: Syscall, answer: Answer) -> str:
    """The answer where libseccomp lacks the names that decide."""
    if answer is Answer.EPERM:
        return f" (EPERM where runc's libseccomp does not know {call.name})"
    numbers = profile.numbers(call.abi)
    own = tables().syscalls[call.abi][call.name]
    above = ", ".join(sorted(name for name in numbers if numbers[name] >= own))
    return f" (ENOSYS where runc's libseccomp knows none of {above})"


def unknown_to_some(events: Iterable[Event]) -> dict[str, str]:
    """Allowed calls that some libseccomp drops and so denies, with the first version that knows."""
    names = {each.name for each in events if isinstance(each, Syscall)}
    found = {name: known_since(name) for name in sorted(names)}
    return {n: ".".join(map(str, since)) for n, since in found.items() if since > OLDEST}
