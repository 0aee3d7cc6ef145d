"""Calls that the same program makes on another host in the place of those that were seen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from beacon.data.kernel import calls_of
from beacon.data.table import read_table
from beacon.model.event import Abi, Syscall


class Implication(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where one of `seen` is made, each of `then` may be; `certain`: sooner or later it is.

    Both are written as `str` writes an event, for x86-64. `unless` names calls with which
    it is another program, after the container's entry.
    """

    seen: tuple[str, ...]
    then: tuple[str, ...]
    why: str
    unless: tuple[str, ...] = ()
    certain: bool = False

    def follows(self, call: Syscall) -> bool:
        """Whether the call is one of `seen`."""
        return call.name in self.seen or f"{call.name}({call.argument})" in self.seen

    def calls(self, abi: Abi) -> Iterator[Syscall]:
        """Those of `then` that an ABI has."""
        return calls_of(abi, self.then)


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    implications: tuple[Implication, ...]


@cache
def implications() -> tuple[Implication, ...]:
    """The table, read once."""
    return read_table("implied_syscalls.toml", _Table).implications
