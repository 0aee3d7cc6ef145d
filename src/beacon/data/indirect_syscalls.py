"""Calls that do what others do, out of a filter's sight."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import msgspec

from beacon.data.arguments import PLAIN
from beacon.data.table import read_table
from beacon.model.event import Abi, Syscall, parse_event
from beacon.model.release import Release

#: Instead of a class: all of a call's classes but `plain`.
EVERY = "*"
#: i386's calls that make others. libseccomp puts a rule for one of those on them as well, without
#: its conditions.
_MULTIPLEXED = ("socketcall", "ipc")


class Effect(msgspec.Struct, frozen=True):
    """What a call does in the place of another, and the first release of Linux in which it does.

    Without an `argument` it makes the call itself; else it does what the call does with arguments
    of this class, or of every class but `plain`.
    """

    call: str
    argument: str | None
    since: Release

    def makes(self, event: Syscall) -> bool:
        """Whether it comes to this call, or to this class of one."""
        if event.name != self.call:
            return False
        return self.argument in (None, event.argument) or self._has_class(event)

    def _has_class(self, event: Syscall) -> bool:
        return self.argument == EVERY and event.argument not in (None, PLAIN)


class IndirectSyscall(msgspec.Struct, frozen=True):
    """A call, or a class of one, that does what others do; `why` no filter sees it."""

    call: Syscall
    effects: tuple[Effect, ...]
    why: str

    def is_done_by(self, event: Syscall) -> bool:
        """Whether the event does it; a call whatever its arguments does it in all its classes."""
        if event.name != self.call.name:
            return False
        # A key without an ABI, which reads as x86-64's, is the same call on all of them.
        same_abi = self.call.abi in (Abi.X86_64, event.abi)
        ours, theirs = self.call.argument, event.argument
        return same_abi and (ours is None or theirs in (None, ours))


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since: dict[str, frozenset[str]]
    why: str
    source: str

    def effects(self) -> Iterator[Effect]:
        for text, names in self.since.items():
            release = tuple(map(int, text.split(".")))
            yield from (Effect(*_split(name), release) for name in sorted(names))


def _split(name: str) -> tuple[str, str | None]:
    call, bracket, argument = name.removesuffix(")").partition("(")
    return call, argument if bracket else None


@cache
def indirect_syscalls() -> tuple[IndirectSyscall, ...]:
    """The table, read once."""
    table = read_table("indirect_syscalls.toml", dict[str, _Entry])
    return tuple(
        IndirectSyscall(call, tuple(entry.effects()), entry.why)
        for key, entry in table.items()
        if isinstance(call := parse_event(key), Syscall)
    )


def made_by(event: Syscall) -> Iterator[IndirectSyscall]:
    """All that the event does in the place of others."""
    return (each for each in _by_name().get(event.name, ()) if each.is_done_by(event))


@cache
def _by_name() -> Mapping[str, Sequence[IndirectSyscall]]:
    found: dict[str, list[IndirectSyscall]] = defaultdict(list)
    for each in indirect_syscalls():
        found[each.call.name].append(each)
    return found


def hidden_way(allowed: Syscall, event: Syscall) -> IndirectSyscall | None:
    """How the one comes to the other out of a filter's sight, if it does."""
    for stand_in in made_by(allowed):
        if any(effect.makes(event) for effect in stand_in.effects):
            return stand_in
    return None


def is_blind(call: str) -> bool:
    """Whether conditions on the call's arguments prove nothing in a policy that has i386.

    Its rules hold there as well, where the call's arguments are not in the registers that they ask.
    """
    return call in _without_conditions()


@cache
def _without_conditions() -> frozenset[str]:
    multiplexed = (each for each in indirect_syscalls() if each.call.name in _MULTIPLEXED)
    elsewhere = (each.call.name for each in indirect_syscalls() if each.call.abi is Abi.I386)
    return frozenset(elsewhere) | {effect.call for each in multiplexed for effect in each.effects}
