"""Calls that make others on a process's behalf, out of a filter's sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.release import Release


class StandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call can do in the place of others, since which release of Linux, and how."""

    since: dict[str, frozenset[str]]
    why: str

    def calls(self) -> Iterator[tuple[str, Release]]:
        """Each call that it can make, with the first release that has it."""
        for text, names in self.since.items():
            release = tuple(map(int, text.split(".")))
            yield from ((name, release) for name in names)


@cache
def stand_ins() -> Mapping[str, StandIn]:
    """By the name of the call that stands in; the table is read once."""
    return read_table("stand_ins.toml", dict[str, StandIn])
