"""Calls that share an implementation: where an attack needs one, the others do as well."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

import msgspec

from beacon.data.kernel import tables
from beacon.model.cve import Need, Path, Way, Word
from beacon.model.release import Release, parse_release
from cve_table.inputs import HERE, JudgedNeed


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a group; `where`: what becomes of a condition (None: it cannot meet one)."""

    since: str
    why: str
    where: Literal["same", "unseen"] | None = None

    def was_there(self, fixed: Release | None) -> bool:
        """Whether the call came before a release; None, which is not known, excludes nothing."""
        since = parse_release(self.since)
        if since is None:
            raise ValueError(f"{self.since} is not a release of Linux")
        return fixed is None or since < fixed


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that do the same, and where."""

    why: str
    members: dict[Word, Member]

    def others(self, way: Way, fixed: Release | None) -> Iterator[Way]:
        """What does the same as a call of the group on a kernel before a release."""
        for call, member in self.members.items():
            if call == way.call or not member.was_there(fixed) or not _exists(call, way):
                continue
            if not way.where or member.where == "unseen":
                yield Way(call, abi=way.abi)
            elif member.where == "same":
                yield Way(call, way.where, way.abi)


@cache
def groups() -> Mapping[str, Group]:
    """By name: twins.toml, read once."""
    table = tomllib.loads((HERE / "twins.toml").read_text())
    return msgspec.convert(table, dict[str, Group])


def expanded(need: JudgedNeed, fixed: Release | None) -> Need:
    """The need with all that does the same; ValueError for a call that is not in its group."""
    alone = Way(need.call, need.where, need.abi)
    if need.twins is None:
        return Need(need.call, need.where, need.abi)
    group = groups()[need.twins]
    if need.call not in group.members:
        raise ValueError(f"{need.call} is not one of {need.twins}")
    return Need(need.call, need.where, need.abi, tuple(group.others(alone, fixed)))


def lonely(path: Path, fixed: Release | None) -> Iterator[str]:
    """The calls of a path that have twins, none of whose groups is there whole."""
    for need in path:
        there = {way.call for way in need.ways}
        for way in need.ways:
            wanted = [others for others in _twins(way, fixed) if others]
            if wanted and not any(others <= there for others in wanted):
                yield way.call


def _twins(way: Way, fixed: Release | None) -> Iterator[set[str]]:
    """By group, what else does the same."""
    for group in (each for each in groups().values() if way.call in each.members):
        yield {each.call for each in group.others(way, fixed)}


def _exists(call: str, way: Way) -> bool:
    return way.abi is None or call in tables().syscalls[way.abi]
