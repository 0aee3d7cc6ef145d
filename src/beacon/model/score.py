"""Scores: what an event is worth, and why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """One thing that a score is made of. `weight` is its own part, in 0..1."""

    weight: float
    text: str


class Score(msgspec.Struct, frozen=True):
    """A number in 0..1 with its reasons, the weightiest first."""

    value: float
    reasons: tuple[Reason, ...] = ()


def joined(reasons: Iterable[Reason]) -> Score:
    """The score of independent reasons: 1 - (1-a)(1-b)…"""
    found = sorted(reasons, key=lambda reason: -reason.weight)
    left = 1.0
    for reason in found:
        left *= 1 - reason.weight
    return Score(1 - left, tuple(found))
