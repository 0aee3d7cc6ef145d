"""Capability checks whose answer decides nothing that the process would miss."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import msgspec

from beacon.data.table import read_table


class AdvisoryCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A capability, the kernel functions that ask for it only to be told, and the reason."""

    capability: str
    callers: frozenset[str]
    why: str


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    checks: tuple[AdvisoryCheck, ...]


@cache
def advisory_checks() -> tuple[AdvisoryCheck, ...]:
    """The table, read once."""
    return read_table("advisory_checks.toml", _Table).checks


def is_advisory(capability: str, callers: Collection[str]) -> bool:
    """Whether a check of the capability with these functions on its stack decides nothing."""
    return any(
        check.capability == capability and not check.callers.isdisjoint(callers)
        for check in advisory_checks()
    )
