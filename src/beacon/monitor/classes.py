"""Puts the argument combinations that the kernel counted into argument classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from beacon.data.arguments import classes, multiplexers


class Sums(NamedTuple):
    """Calls that entered, calls that were denied, and the bits of the processes that made them."""

    entered: int
    denied: int
    comms: int


#: The masked arguments, and how often they came.
Part = tuple[tuple[int, ...], Sums]


def told_apart(call: str, event: Mapping[str, int], parts: Sequence[Part]) -> dict[str, Sums]:
    """The classes of one call with their sums, by name.

    Empty when the parts do not add up to the whole: then some calls found no place among the
    classes, and only the whole call can stand for them.
    """
    if call not in multiplexers():
        return {}
    entered = sum(sums.entered for _, sums in parts)
    denied = sum(sums.denied for _, sums in parts)
    if (entered, denied) != (event["count"], event["denied"]):
        return {}
    width = len(multiplexers()[call].arguments)
    found: dict[str, Sums] = {}
    for values, sums in sorted(parts):
        for name in classes(call, values[:width]):
            old = found.get(name, Sums(0, 0, 0))
            both = old.entered + sums.entered, old.denied + sums.denied
            found[name] = Sums(*both, old.comms | sums.comms)
    return found
