"""What commands left behind: what clean-up removed, and what it did not and why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from beacon.process_identity import Fate


class Kept(msgspec.Struct, frozen=True):
    """A thing of BeaCon's that stays (`container beacon-…`), and what is known of its maker."""

    name: str
    maker: Fate


class Swept(msgspec.Struct, frozen=True):
    """What a clean-up did; all names are printable."""

    removed: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


def joined(parts: Iterable[Swept]) -> Swept:
    """Several clean-ups as one, in order."""
    known = tuple(parts)
    return Swept(
        tuple(name for each in known for name in each.removed),
        tuple(kept for each in known for kept in each.kept),
    )
