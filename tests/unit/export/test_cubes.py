"""Sets of arguments against the conditions that they stand for, value by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.export.cubes import (
    EVERYTHING,
    Cube,
    Steps,
    TooComplexError,
    difference,
    masked,
    together,
)

WORD = 2**64 - 1
WORDS = st.one_of(st.integers(0, 9), st.sampled_from([2**31, 2**32, 2**63, 2**64 - 1]),
                  st.integers(0, 2**64 - 1))  # fmt: skip
SMALL = st.builds(
    lambda mask, value: Cube(mask, value & mask), st.integers(0, 63), st.integers(0, 63)
)


def holds(cubes: list[Cube], *arguments: int) -> bool:
    number = sum(argument << 64 * index for index, argument in enumerate(arguments))
    return any((number ^ cube.value) & cube.mask == 0 for cube in cubes)


@given(WORDS, WORDS, WORDS)
def test_masks(mask: int, value: int, argument: int) -> None:
    assert holds([masked(2, mask, value)], 7, 7, argument, 7) == (argument & mask == value & mask)


@given(WORDS, WORDS, WORDS, WORDS)
def test_conditions_on_several_registers_hold_together(a: int, b: int, x: int, y: int) -> None:
    both = together([masked(0, 3, a), masked(1, WORD, b)])
    assert holds([both], x, y) == (x & 3 == a & 3 and y == b)


@given(st.lists(SMALL, max_size=5), st.lists(SMALL, max_size=5))
def test_differences_are_exact(cubes: list[Cube], others: list[Cube]) -> None:
    left = list(difference(cubes, others))
    for argument in range(64):
        assert holds(left, argument) == (holds(cubes, argument) and not holds(others, argument))
    assert list(difference(cubes, [*others, EVERYTHING])) == []


def test_what_nobody_writes_is_given_up() -> None:
    awkward = [Cube(7 << 3 * n, 1 << 3 * n) for n in range(60)]
    with pytest.raises(TooComplexError):
        list(
            difference(
                [EVERYTHING], [*awkward, *(Cube(7 << 3 * n, 0) for n in range(60)), EVERYTHING]
            )
        )


def test_an_example_of_what_is_left() -> None:
    (left,) = difference([masked(1, WORD, 5)], [masked(1, WORD, 4)])
    assert left.registers() == (0, 5, 0, 0, 0, 0)


def test_differences_share_their_steps() -> None:
    steps = Steps(200)
    assert len(list(difference([EVERYTHING], [masked(0, WORD, 0)], steps))) == 64
    with pytest.raises(TooComplexError):
        list(difference([EVERYTHING], [masked(0, WORD, 0)], steps))
