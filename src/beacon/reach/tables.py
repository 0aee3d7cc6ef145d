"""The tables of an ELF file: symbols, the dynamic section's strings."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from beacon.reach.headers import DYNAMIC, DYNSYM, SYMTAB, SectionHeader, text

_FUNCTION, _INDIRECT = 2, 10  # STT_FUNC, STT_GNU_IFUNC
_NEEDED, _SONAME = 1, 14


class Symbol(NamedTuple):
    """`kind` is its STT_*; an undefined one has no section."""

    name: str
    kind: int
    defined: bool
    value: int
    size: int


@dataclass(frozen=True)
class Symbols:
    """Those that the loader binds, in the table's order, and those for people."""

    dynamic: list[Symbol]
    static: list[Symbol]

    def imports(self) -> Iterator[str]:
        """The names that other files are to define."""
        return (each.name for each in self.dynamic if not each.defined and each.name)

    def exports(self) -> dict[str, set[int]]:
        """The addresses of a name: a name can have several versions."""
        found: dict[str, set[int]] = {}
        for each in _functions(self.dynamic):
            found.setdefault(each.name, set()).add(each.value)
        return found

    def functions(self) -> dict[int, int]:
        """Start and size of every function that has a name."""
        return {each.value: each.size for each in _functions([*self.static, *self.dynamic])}


def _functions(symbols: Iterable[Symbol]) -> Iterator[Symbol]:
    return (each for each in symbols if each.defined and each.kind in (_FUNCTION, _INDIRECT))


class Tags(NamedTuple):
    """What the dynamic section says in words."""

    needed: tuple[str, ...]
    soname: str


def symbols(sections: Sequence[SectionHeader]) -> Symbols:
    """Of .dynsym and .symtab."""
    found: dict[int, list[Symbol]] = {DYNSYM: [], SYMTAB: []}
    for section in sections:
        if section.kind in found:
            found[section.kind] = list(_symbols(section.data, sections[section.link].data))
    return Symbols(found[DYNSYM], found[SYMTAB])


def _symbols(table: bytes, strings: bytes) -> Iterator[Symbol]:
    for name, info, _, index, value, size in rows(table, "<IBBHQQ"):
        yield Symbol(text(strings, name), info & 15, index != 0, value, size)


def rows(data: bytes, form: str) -> Iterator[tuple[Any, ...]]:
    """Whole rows of a table; a rest at the end is left out."""
    return struct.iter_unpack(
        form, data[: len(data) // struct.calcsize(form) * struct.calcsize(form)]
    )


def dynamic(sections: Sequence[SectionHeader]) -> Tags:
    """DT_NEEDED and DT_SONAME."""
    for section in sections:
        if section.kind == DYNAMIC:
            strings = sections[section.link].data
            tags = list(rows(section.data, "<qQ"))
            needed = (text(strings, value) for tag, value in tags if tag == _NEEDED)
            sonames = (text(strings, value) for tag, value in tags if tag == _SONAME)
            return Tags(tuple(needed), next(sonames, ""))
    return Tags((), "")
