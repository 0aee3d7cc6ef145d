"""From an image to the system calls that its ELF files can make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from beacon.model.text import printable
from beacon.reach import facts
from beacon.reach.cache import Cache
from beacon.reach.closure import Closure
from beacon.reach.facts import Facts
from beacon.reach.files import File, Files
from beacon.reach.settings import Settings


class Scope(StrEnum):
    """Which ELF files count: those that the entry point leads to, or all of the image."""

    ENTRY = "entry"
    IMAGE = "image"


class Reachable(msgspec.Struct, frozen=True):
    """`unresolved` counts, by reason and file, what may be further calls."""

    image: str
    scope: Scope
    syscalls: tuple[str, ...]
    files: tuple[str, ...]
    unresolved: dict[str, dict[str, int]]
    seconds: float

    def total(self) -> int:
        """How many places were not resolved."""
        return sum(count for places in self.unresolved.values() for count in places.values())


def of_files(held: Files, settings: Settings, scope: Scope, cache: Cache) -> Reachable:
    """Of an image's files."""
    known = {each.path: _facts(each, cache) for each in held.elves()}
    chosen = held.elves() if scope is Scope.IMAGE else Closure(held, settings, known).files()
    paths = sorted(each.path for each in chosen)
    return Reachable(
        image="",
        scope=scope,
        syscalls=tuple(sorted(_calls([known[path] for path in paths]))),
        files=tuple(printable(path) for path in paths),
        unresolved=_unresolved({path: known[path] for path in paths}),
        seconds=0,
    )


def _facts(file: File, cache: Cache) -> Facts:
    key = hashlib.sha256(file.content).hexdigest()
    return cache.get(key, Facts, lambda: facts.of(file.content))


def _calls(known: Iterable[Facts]) -> set[str]:
    """Every file's own calls, and those of the functions of libc that any file asks for."""
    each = list(known)
    imports = {name for one in each for name in (*one.imports, *one.names)}
    exported = [one.exported for one in each if one.is_libc]
    found = {call for one in each for call in one.calls}
    return found.union(*(table.get(name, ()) for table in exported for name in imports))


def _unresolved(known: dict[str, Facts]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for path, one in known.items():
        for reason, count in one.unresolved.items():
            found.setdefault(printable(reason), {})[printable(path)] = count
    return dict(sorted(found.items()))
