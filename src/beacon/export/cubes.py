"""Sets of a call's arguments: what conditions on them let through, exactly.

A cube fixes some bits of the six registers and leaves the others free. The arguments of a call are
one number of 384 bits, the first argument lowest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_REGISTERS = 6
_BITS = 64
_MOST = 500_000  # steps: some seconds; a policy's own calls take some hundred


class TooComplexError(ValueError):
    """Nobody writes such conditions; comparing them would take too long."""


class Cube(NamedTuple):
    """All arguments whose bits under `mask` are those of `value`."""

    mask: int
    value: int

    def meets(self, other: Cube) -> bool:
        """Whether they have arguments in common."""
        return not (self.value ^ other.value) & self.mask & other.mask

    def without(self, other: Cube) -> Iterator[Cube]:
        """What is left of it, in parts, when it meets the other."""
        mask, value = self
        free = other.mask & ~self.mask
        while free:
            bit = free & -free
            free ^= bit
            mask |= bit
            yield Cube(mask, value | (bit & ~other.value))
            value |= bit & other.value

    def registers(self) -> tuple[int, ...]:
        """Arguments in it: 0 for bits that are free."""
        word = (1 << _BITS) - 1
        return tuple(self.value >> _BITS * index & word for index in range(_REGISTERS))


EVERYTHING = Cube(0, 0)


class Steps:
    """How many steps may still be taken, in all differences that share them."""

    def __init__(self, left: int = _MOST) -> None:
        self._left = left

    def take(self, count: int) -> None:
        """Count them; TooComplexError beyond all reason."""
        self._left -= count
        if self._left < 0:
            raise TooComplexError("conditions too complex to compare")


def difference(
    cubes: Sequence[Cube], others: Sequence[Cube], steps: Steps | None = None
) -> Iterator[Cube]:
    """What is in `cubes` and in none of the others; TooComplexError beyond all reason."""
    waiting = [(cube, 0) for cube in reversed(cubes)]
    steps = steps or Steps()
    while waiting:
        cube, place = waiting.pop()
        while place < len(others) and not cube.meets(others[place]):
            place += 1
        steps.take(1 + place)
        if place == len(others):
            yield cube
        else:
            waiting += ((part, place + 1) for part in cube.without(others[place]))


def together(cubes: Iterable[Cube]) -> Cube:
    """Where all of them hold, each of which is about another register."""
    mask, value = 0, 0
    for cube in cubes:
        mask, value = mask | cube.mask, value | cube.value
    return Cube(mask, value)


def masked(index: int, mask: int, value: int) -> Cube:
    """Where argument `index`, after `mask`, is `value`."""
    shift = _BITS * index
    return Cube(mask << shift, (value & mask) << shift)
