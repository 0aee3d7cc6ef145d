"""What a filter cannot tell apart, and what gets around it."""

from __future__ import annotations

from collections.abc import Collection

from beacon.data.indirect_syscalls import hidden_way, is_blind
from beacon.model.event import Abi, Event, Syscall


def covers(allowed: Event, event: Event, abis: Collection[Abi]) -> bool:
    """Whether a policy of these ABIs that allows the one allows the other with it.

    A rule without arguments holds for all of them, and every rule holds on all ABIs of the policy.
    """
    if not isinstance(allowed, Syscall) or not isinstance(event, Syscall):
        return False
    if allowed.name != event.name or event.abi not in abis:
        return False
    whole = allowed.argument is None and event.argument is not None
    elsewhere = allowed.abi != event.abi and allowed.argument in (None, event.argument)
    return whole or elsewhere


def lets_through(allowed: Collection[Event], event: Event) -> bool:
    """Whether a policy that allows these events allows one, by itself or with another."""
    if event in allowed:
        return True
    abis = {each.abi for each in allowed if isinstance(each, Syscall)}
    return any(covers(each, event, abis) for each in allowed)


def overlap(one: Syscall, other: Syscall) -> bool:
    """Whether two rules for calls of one name have arguments in common."""
    return one.argument == other.argument or None in (one.argument, other.argument)


def defeat(allowed: Event, denied: Event, abis: Collection[Abi]) -> str | None:
    """How a denial is got around in a policy of these ABIs that allows the one; None if it holds.

    A denial of a call holds for what goes by its name; that of an argument class for whatever has
    the same effect (data/indirect_syscalls.toml).
    """
    if covers(allowed, denied, abis):
        return "a filter cannot tell them apart"
    if not isinstance(allowed, Syscall) or not isinstance(denied, Syscall):
        return None
    # A pin without an ABI, which reads as x86-64's, speaks of the call on all of them.
    if denied.abi not in (Abi.X86_64, *abis):
        return None
    if _by_i386(allowed, denied, abis):
        return "on i386, which the policy has, no filter sees its arguments"
    way = hidden_way(allowed, denied)
    return f"it does the same: {way.why}" if way else None


def _by_i386(allowed: Syscall, denied: Syscall, abis: Collection[Abi]) -> bool:
    same = allowed.name == denied.name and denied.argument is not None and allowed != denied
    return same and Abi.I386 in abis and is_blind(denied.name)
