"""Calls that make others on a process's behalf, out of a filter's sight."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table


class StandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call can do in the place of others, and how."""

    calls: frozenset[str]
    why: str


@cache
def stand_ins() -> Mapping[str, StandIn]:
    """By the name of the call that stands in; the table is read once."""
    return read_table("stand_ins.toml", dict[str, StandIn])
