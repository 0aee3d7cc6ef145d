"""What gives a container more of the host than a plain `docker run`, from `host_access.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.environment import Action
from beacon.model.event import Syscall


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An option or a step: what it gives, and the values (a regular expression) that do not."""

    why: str
    harmless: str | None = None

    def asks(self, value: str) -> bool:
        """Whether this value gives more than a plain container has."""
        return self.harmless is None or not re.fullmatch(self.harmless, value, re.DOTALL)


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Docker's default filter denies; of the calls in `only`, it lets these classes through.

    `with_capability`: the calls that it lets through as well once a container has the capability.
    """

    why: str
    denied: frozenset[str]
    only: Mapping[str, frozenset[str]]
    with_capability: Mapping[str, frozenset[str]]

    def denies_in_part(self, call: Syscall) -> bool:
        """Whether it lets the call through with some arguments, and with these it does not."""
        return call.name in self.only and call.argument not in self.only[call.name]

    def lets_through(self, call: Syscall, capabilities: Iterable[str]) -> bool:
        """Whether a container with these capabilities may make the call under it."""
        if call.name in self.opened(capabilities):
            return True
        return call.name not in self.denied and not self.denies_in_part(call)

    def opened(self, capabilities: Iterable[str]) -> frozenset[str]:
        """What it lets through to a container with these capabilities (`CAP_SYS_ADMIN`)."""
        names = self.with_capability
        wanted = names if "CAP_ALL" in (held := frozenset(capabilities)) else held
        return frozenset[str]().union(*(names.get(each, ()) for each in wanted))


class HostAccess(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table; `options` by the fields of Launch and Effect, `filter` for system calls."""

    options: Mapping[str, Access]
    steps: Mapping[Action, Access]
    filter: Filter


@cache
def host_access() -> HostAccess:
    """The table, read once."""
    return read_table("host_access.toml", HostAccess)
