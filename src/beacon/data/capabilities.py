"""What each capability is worth by itself to somebody who wants out of a container."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table


class Worth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weight` from 0 (nothing) to 1 (the host), and the reason."""

    weight: float
    why: str


@cache
def worths() -> Mapping[str, Worth]:
    """By kernel name (`CAP_NET_ADMIN`); the table is read once."""
    return read_table("capabilities.toml", dict[str, Worth])
