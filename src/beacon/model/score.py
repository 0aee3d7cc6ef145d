"""Scores: what an event is worth, and why."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """One thing that a score is made of. `weight` is its own part, in 0..1."""

    weight: float
    text: str


class Score(msgspec.Struct, frozen=True):
    """A number in 0..1 with its reasons, the weightiest first."""

    value: float
    reasons: tuple[Reason, ...] = ()
