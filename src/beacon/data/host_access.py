"""What gives a container more of the host than a plain `docker run`, from `host_access.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.environment import Action


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An option or a step: what it gives, and the values (a regular expression) that do not."""

    why: str
    harmless: str | None = None

    def asks(self, value: str) -> bool:
        """Whether this value gives more than a plain container has."""
        return self.harmless is None or not re.fullmatch(self.harmless, value, re.DOTALL)


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls that Docker's default filter denies, and those that a capability opens again."""

    why: str
    denied: frozenset[str]
    with_capability: Mapping[str, frozenset[str]]

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
