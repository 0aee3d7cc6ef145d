"""How a program gives up privileges, from `privileges.toml`."""

from __future__ import annotations

from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.event import Capability, Event, Syscall


class Privileges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The events as texts; some are one class of a call. Calls are meant on every ABI."""

    gives_up: frozenset[str]
    asks: frozenset[str]
    capabilities: frozenset[str]

    def give_up(self, event: Event) -> bool:
        """Whether a program gives up privileges by it, or needs it to do so."""
        if isinstance(event, Capability):
            return event.name in self.capabilities
        return _among(self.gives_up, event)

    def ask(self, event: Event) -> bool:
        """Whether it tells a program which privileges it has, or is the first step of giving up."""
        return isinstance(event, Syscall) and _among(self.asks, event)


def _among(events: frozenset[str], event: Syscall) -> bool:
    """Whether it is one of the events; a call whatever its arguments is all of its classes."""
    if event.argument is not None:
        return event.name in events or f"{event.name}({event.argument})" in events
    return any(each.partition("(")[0] == event.name for each in events)


@cache
def privileges() -> Privileges:
    """The table, read once."""
    return read_table("privileges.toml", Privileges)
