"""By what a program gives up privileges, or learns that it has some, from `privileges.toml`."""

from __future__ import annotations

from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.event import Event, Syscall, parse_event


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: tuple[str, ...]


@cache
def privilege_events() -> frozenset[Event]:
    """The calls, spelt for x86-64, and the capabilities; some are one class of a call only."""
    return frozenset(map(parse_event, read_table("privileges.toml", _Table).events))


def guards_privileges(event: Event) -> bool:
    """Whether a program that is denied it may keep privileges that it gives up.

    On every ABI, and also for a call whatever its arguments of which one class does.
    """
    if not isinstance(event, Syscall):
        return event in privilege_events()
    return any(
        each.name == event.name and (None in (each.argument, event.argument) or each == event)
        for each in privilege_events()
        if isinstance(each, Syscall)
    )
