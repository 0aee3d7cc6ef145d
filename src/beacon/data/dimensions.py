"""The dimensions that any image has, from `dimensions.toml`, and how such a table is read."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from beacon.errors import UsageError
from beacon.model.environment import Dimension
from beacon.model.text import printable


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    dimensions: tuple[Dimension, ...]


@cache
def general() -> tuple[Dimension, ...]:
    """The table, read once."""
    text = resources.files("beacon.data").joinpath("dimensions.toml").read_text()
    return msgspec.convert(tomllib.loads(text), _Table).dimensions


def select(
    dimensions: tuple[Dimension, ...], names: tuple[str, ...] | None
) -> tuple[Dimension, ...]:
    """Those of these names (UsageError for an unknown one); without names all that need no asking.

    Of two dimensions of one name the later replaces the earlier: an image's own the general one.
    """
    latest = {dimension.name: dimension for dimension in dimensions}
    if names is None:
        return tuple(dimension for dimension in latest.values() if not dimension.ask)
    for name in names:
        if name not in latest:
            raise UsageError(
                f"There is no dimension {printable(name)!r}: give some of {', '.join(latest)}."
            )
    return tuple(latest[name] for name in dict.fromkeys(names))
