"""Capability checks whose answer decides nothing that the process would miss."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import msgspec

from beacon.data.table import read_table


class AdvisoryCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A capability, the kernel functions that ask for it only to be told, and the reason.

    `through`: only when they ask by one of these functions, for they have another question, too.
    """

    capability: str
    callers: frozenset[str]
    why: str
    through: frozenset[str] = frozenset()

    def covers(self, callers: Collection[str]) -> bool:
        """Whether it is this check that such a stack made."""
        by_way = not self.through or not self.through.isdisjoint(callers)
        return by_way and not self.callers.isdisjoint(callers)


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    checks: tuple[AdvisoryCheck, ...]


@cache
def advisory_checks() -> tuple[AdvisoryCheck, ...]:
    """The table, read once."""
    return read_table("advisory_checks.toml", _Table).checks


def is_advisory(capability: str, callers: Collection[str]) -> bool:
    """Whether a check of the capability with these functions on its stack decides nothing."""
    return any(
        check.capability == capability and check.covers(callers) for check in advisory_checks()
    )
