"""What each capability is worth by itself to somebody who wants out of a container."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec


class Worth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weight` from 0 (nothing) to 1 (the host), and the reason."""

    weight: float
    why: str


@cache
def worths() -> Mapping[str, Worth]:
    """By kernel name (`CAP_NET_ADMIN`); the table is read once."""
    text = resources.files("beacon.data").joinpath("capabilities.toml").read_text()
    return msgspec.convert(tomllib.loads(text), dict[str, Worth])
