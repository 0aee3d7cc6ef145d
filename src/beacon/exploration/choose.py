"""Finds a strategy by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.exploration.adaptive import Adaptive
from beacon.exploration.fixed import Baseline, Exhaustive, OneAtATime, Pairwise, Random
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space

_KNOWN: Mapping[str, Callable[[Space, int, float], Strategy]] = {
    Adaptive.name: Adaptive,
    Baseline.name: lambda space, seed, target: Baseline(),
    OneAtATime.name: lambda space, seed, target: OneAtATime(space, seed),
    Pairwise.name: lambda space, seed, target: Pairwise(space, seed),
    Random.name: lambda space, seed, target: Random(space, seed),
    Exhaustive.name: lambda space, seed, target: Exhaustive(space),
}

NAMES = tuple(_KNOWN)


def choose(name: str, space: Space, seed: int, target: float) -> Strategy:
    """The strategy of this name (one of NAMES); `target` is the chance at which it stops."""
    return _KNOWN[name](space, seed, target)
