"""The tables of an ELF file: symbols, the dynamic section's strings."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


def bytes_of(raw: Any, section: Any) -> bytes:
    """As they lie in the file: what claims to be compressed could grow without end."""
    if section["sh_type"] == "SHT_NOBITS":
        return b""
    raw.stream.seek(section["sh_offset"])
    return bytes(raw.stream.read(section["sh_size"]))


def symbols(raw: Any, sections: Sequence[Any]) -> Symbols:
    """Of .dynsym and .symtab."""
    found: dict[str, list[Symbol]] = {"SHT_DYNSYM": [], "SHT_SYMTAB": []}
    for section in sections:
        if section["sh_type"] in found:
            found[section["sh_type"]] = list(_symbols(raw, sections, section))
    return Symbols(found["SHT_DYNSYM"], found["SHT_SYMTAB"])


def _symbols(raw: Any, sections: Sequence[Any], section: Any) -> Iterator[Symbol]:
    strings = bytes_of(raw, sections[section["sh_link"]])
    for name, info, _, index, value, size in rows(bytes_of(raw, section), "<IBBHQQ"):
        yield Symbol(_text(strings, name), info & 15, index != 0, value, size)


def rows(data: bytes, form: str) -> Iterator[tuple[Any, ...]]:
    """Whole rows of a table; a rest at the end is left out."""
    return struct.iter_unpack(
        form, data[: len(data) // struct.calcsize(form) * struct.calcsize(form)]
    )


def _text(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    return strings[offset : end if end >= 0 else len(strings)].decode(errors="replace")


def dynamic(raw: Any, sections: Sequence[Any]) -> Tags:
    """DT_NEEDED and DT_SONAME."""
    for section in sections:
        if section["sh_type"] == "SHT_DYNAMIC":
            strings = bytes_of(raw, sections[section["sh_link"]])
            tags = list(rows(bytes_of(raw, section), "<qQ"))
            needed = (_text(strings, value) for tag, value in tags if tag == _NEEDED)
            sonames = (_text(strings, value) for tag, value in tags if tag == _SONAME)
            return Tags(tuple(needed), next(sonames, ""))
    return Tags((), "")
