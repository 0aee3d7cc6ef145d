"""Which system calls libseccomp knows by name, from which of its versions on.

Distributions add names to older versions (Debian's 2.5.4 has those of 2.5.5): a version says what
is surely known, not what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from beacon.data.table import read_table
from beacon.model.event import Abi

Version = tuple[int, ...]

#: Older ones are not considered: they know what this one does, or less.
OLDEST: Version = (2, 5, 0)


@cache
def _since() -> Mapping[str, Version]:
    table = read_table("libseccomp.toml", dict[str, tuple[str, ...]])
    return {name: _version(text) for text, names in table.items() for name in names}


def known_since(name: str) -> Version:
    """The first version that knows a system call; OLDEST for those that all versions know."""
    return _since().get(name, OLDEST)


@cache
def versions() -> tuple[Version, ...]:
    """The versions that differ in what they know, the oldest first."""
    return tuple(sorted({OLDEST, *_since().values()}))


def unknown_to(version: Version) -> frozenset[str]:
    """The names that a version lacks; `x32:NAME` for one that it lacks on that ABI alone."""
    return frozenset(name for name, since in _since().items() if since > version)


def lacks(unknown: Collection[str], abi: Abi, name: str) -> bool:
    """Whether a call of an ABI is among what `unknown_to` found."""
    return name in unknown or f"{abi}:{name}" in unknown


def _version(text: str) -> Version:
    return tuple(int(number) for number in text.split("."))
