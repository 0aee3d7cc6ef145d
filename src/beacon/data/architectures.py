"""What a program that was seen on one architecture calls on another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from beacon.data.kernel import calls_of, tables
from beacon.data.table import read_table
from beacon.model.architecture import Architecture, architecture_of
from beacon.model.event import Abi, Syscall


class Counterpart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one of `seen` is made here, each of `then` may be made there.

    Both are written as `str` writes an event, for x86-64.
    """

    seen: tuple[str, ...]
    then: tuple[str, ...]
    why: str


class Made(NamedTuple):
    """A call on another architecture, and why; no reason where its name is the same."""

    call: Syscall
    why: str | None = None


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    to_arm64: tuple[Counterpart, ...]
    to_amd64: tuple[Counterpart, ...]


@cache
def counterparts(to: Architecture) -> tuple[Counterpart, ...]:
    """The rows for the way to an architecture from the other; the table is read once."""
    table = read_table("architectures.toml", _Table)
    return table.to_arm64 if to is Architecture.ARM64 else table.to_amd64


@cache
def _by_seen(to: Architecture) -> Mapping[str, Sequence[Counterpart]]:
    found: dict[str, list[Counterpart]] = defaultdict(list)
    for each in counterparts(to):
        for seen in each.seen:
            found[seen].append(each)
    return found


def rows(call: Syscall, to: Architecture) -> list[Counterpart]:
    """What is written of a call, or of its argument class."""
    spelt = dict.fromkeys((call.name, f"{call.name}({call.argument})"))
    return [row for each in spelt for row in _by_seen(to).get(each, ())]


def made_on(call: Syscall, abi: Abi) -> Iterator[Made]:
    """What a program that makes this call is to be expected to make on another ABI."""
    if architecture_of(call.abi) is architecture_of(abi):
        yield Made(call)
        return
    if call.name in tables().syscalls[abi]:
        yield Made(Syscall(call.name, abi, call.argument))
    for row in rows(call, architecture_of(abi)):
        yield from (Made(each, row.why) for each in calls_of(abi, row.then))


def why_nothing(call: Syscall, abi: Abi) -> str:
    """Why a call is made by no name on another architecture."""
    found = rows(call, architecture_of(abi))
    return found[0].why if found else f"{architecture_of(abi)} has no such call"
