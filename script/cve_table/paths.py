"""Paths that differ in one need alone become one path with alternatives."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from beacon.model.cve import Need, Path, Way


def merged(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The same ways to a CVE in fewer paths, in the order of the first of each."""
    found = list(dict.fromkeys(map(_key, paths)))
    while (pair := _joinable(found)) is not None:
        (first, second), joined = pair
        found[first] = joined
        del found[second]
    return tuple(tuple(map(_need, path)) for path in found)


#: The ways of each need; conditions as pairs, so that they can be compared and hashed.
_Way = tuple[str, tuple[tuple[str, tuple[str, ...]], ...], object]
_Key = tuple[tuple[_Way, ...], ...]


def _key(path: Path) -> _Key:
    return tuple(
        tuple((way.call, tuple(way.where.items()), way.abi) for way in need.ways) for need in path
    )


def _need(ways: tuple[_Way, ...]) -> Need:
    first, *others = (Way(call, dict(where), abi) for call, where, abi in ways)  # type: ignore[arg-type]
    return Need(first.call, first.where, first.abi, tuple(others))


def _joinable(found: list[_Key]) -> tuple[tuple[int, int], _Key] | None:
    for first, second in combinations(range(len(found)), 2):
        joined = _join(found[first], found[second])
        if joined is not None:
            return (first, second), joined
    return None


def _join(first: _Key, second: _Key) -> _Key | None:
    if len(first) != len(second):
        return None
    different = [at for at in range(len(first)) if set(first[at]) != set(second[at])]
    if len(different) > 1:
        return None
    at = different[0] if different else 0
    both = tuple(dict.fromkeys(first[at] + second[at]))
    return (*first[:at], both, *first[at + 1 :])
