"""The dimensions that any image has, from `dimensions.toml`, and how such a table is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.errors import UsageError
from beacon.model.environment import Changes, Dimension
from beacon.model.text import escape_untrusted


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    dimensions: tuple[Dimension, ...]


@cache
def general() -> tuple[Dimension, ...]:
    """The table, read once."""
    return read_table("dimensions.toml", _Table).dimensions


def select(
    dimensions: tuple[Dimension, ...], names: tuple[str, ...] | None
) -> tuple[Dimension, ...]:
    """Those of these names, with `NAME=VALUE` that value alone; UsageError for unknown ones.

    Without names all that need no asking. Of two dimensions of one name the later replaces the
    earlier: an image's own the general one.
    """
    latest = {dimension.name: dimension for dimension in dimensions}
    if names is None:
        return tuple(dimension for dimension in latest.values() if not dimension.host_access)
    wanted: dict[str, dict[str, Changes]] = {}
    for word in names:
        name, _, value = word.partition("=")
        values = _known(latest, name).values if not value else _one_value(latest, name, value)
        wanted[name] = wanted.get(name, {}) | values
    return tuple(
        msgspec.structs.replace(latest[name], values=values) for name, values in wanted.items()
    )


def _known(dimensions: Mapping[str, Dimension], name: str) -> Dimension:
    if name not in dimensions:
        raise UsageError(
            f"There is no dimension {escape_untrusted(name)!r}: give some of "
            f"{', '.join(dimensions)}."
        )
    return dimensions[name]


def _one_value(dimensions: Mapping[str, Dimension], name: str, value: str) -> dict[str, Changes]:
    values = _known(dimensions, name).values
    if value not in values:
        raise UsageError(
            f"The dimension {name} has no value {escape_untrusted(value)!r}: give "
            f"{', '.join(values)}."
        )
    return {value: values[value]}
