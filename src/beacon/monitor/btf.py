"""Reads enums and struct layouts from an object's BTF, so that C constants are written once.

The format: https://docs.kernel.org/bpf/btf.html
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any, TypeVar

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from beacon.monitor.interface import StaleProgramError

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_INT, _ARRAY, _STRUCT, _ENUM, _TYPEDEF = 1, 3, 4, 6, 8
_QUALIFIERS = (_TYPEDEF, 9, 10, 11)  # typedef, volatile, const, restrict
# Bytes that follow a type once, and for each of its members.
_TRAILER = {1: 4, 3: 12, 14: 4, 17: 4}
_MEMBERS = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
_C_TYPES: dict[str, Any] = {"I": ctypes.c_uint32, "Q": ctypes.c_uint64}

T = TypeVar("T")

#: An integer, characters, or an array of integers.
Value = int | bytes | tuple[int, ...]


class Names(dict[str, T]):
    """What an object has by name; StaleProgramError for a name that it lacks."""

    def __missing__(self, name: str) -> T:
        raise StaleProgramError(name)


@dataclass(frozen=True)
class Layout:
    """A C struct: `size` in bytes, `offsets` and `codes` (of the struct module) by field."""

    size: int
    offsets: dict[str, int]
    codes: dict[str, str]

    def decode(self, raw: bytes | memoryview, at: int = 0) -> dict[str, Any]:
        """The fields by name: an int, bytes for characters, a tuple for other arrays."""
        return Names((name, self.read(raw, name, at)) for name in self.codes)

    def read(self, raw: bytes | memoryview | mmap, name: str, at: int = 0) -> Any:
        """One field of the struct that begins at `at`."""
        values = struct.unpack_from("<" + self.codes[name], raw, at + self.offsets[name])
        return values[0] if len(values) == 1 else values

    def write(self, raw: bytearray | mmap, name: str, value: Value, at: int = 0) -> None:
        """Set one field in place and touch no other byte: the kernel may be writing those."""
        values = value if isinstance(value, tuple) else (value,)
        struct.pack_into("<" + self.codes[name], raw, at + self.offsets[name], *values)

    def store(self, raw: mmap, name: str, value: int, at: int = 0) -> None:
        """Set one aligned integer by a single store: whoever reads meanwhile sees old or new.

        struct.pack_into clears the bytes before it fills them.
        """
        kind = _C_TYPES[self.codes[name]]
        kind.from_buffer(raw, at + self.offsets[name]).value = value

    def encode(self, **values: Value) -> bytes:
        """The struct with these fields, all others zero."""
        raw = bytearray(self.size)
        for name, value in values.items():
            self.write(raw, name, value)
        return bytes(raw)


@dataclass(frozen=True)
class _Type:
    name: str
    kind: int
    size: int  # or the type referred to
    members: tuple[tuple[int, ...], ...]


class ObjectTypes:
    """The types and variables of one compiled BPF object."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            elf: Any = ELFFile(file)
            self._types = list(_parse(elf.get_section_by_name(".BTF").data()))
            self._variables = Names(_symbols(elf))

    def enum(self, name: str) -> dict[str, int]:
        """The enumerators of `enum name`, by name; StaleProgramError if there is no such enum."""
        found = self._find(name, _ENUM)
        return Names((self._strings(member[0]), member[1]) for member in found.members)

    def layout(self, name: str) -> Layout:
        """The layout of `struct name`, integers and arrays of them.

        StaleProgramError if there is no such struct.
        """
        found = self._find(name, _STRUCT)
        offsets: Names[int] = Names()
        codes: Names[str] = Names()
        for name_offset, type_id, bits in found.members:
            field = self._strings(name_offset)
            offsets[field] = bits // 8
            codes[field] = self._code(type_id)
        return Layout(found.size, offsets, codes)

    def variable(self, name: str) -> int:
        """The offset of a global variable in its section; StaleProgramError if there is none."""
        return self._variables[name]

    def _strings(self, offset: int) -> str:
        return self._types[0].name[offset : self._types[0].name.index("\0", offset)]

    def _find(self, name: str, kind: int) -> _Type:
        for found in self._types[1:]:
            if found.kind == kind and found.name == name:
                return found
        raise StaleProgramError(name)

    def _code(self, type_id: int) -> str:
        found = self._types[type_id]
        while found.kind in _QUALIFIERS:
            found = self._types[found.size]
        if found.kind == _ARRAY:
            element, _, count = found.members[0]
            code = self._code(element)
            return f"{count}s" if code == "B" else f"{count}{code}"
        if found.kind != _INT:
            raise ValueError(f"BTF kind {found.kind} is not an integer")
        return {1: "B", 2: "H", 4: "I", 8: "Q"}[found.size]


def _parse(raw: bytes) -> Iterator[_Type]:
    """All types by id; id 0 carries the string table as its name."""
    _, _, _, header, type_offset, type_size, string_offset, string_size = _HEADER.unpack_from(raw)
    start = header + string_offset
    strings = raw[start : start + string_size].decode("ascii")
    yield _Type(strings, 0, 0, ())
    position = header + type_offset
    end = position + type_size
    while position < end:
        name, info, size = _TYPE.unpack_from(raw, position)
        kind, count = info >> 24 & 31, info & 0xFFFF
        members, used = _members(raw, position + _TYPE.size, kind, count)
        yield _Type(strings[name : strings.index("\0", name)], kind, size, members)
        position += _TYPE.size + used


def _members(
    raw: bytes, position: int, kind: int, count: int
) -> tuple[tuple[tuple[int, ...], ...], int]:
    width = _MEMBERS.get(kind) or _TRAILER.get(kind, 0)
    size = width * (count if kind in _MEMBERS else 1)
    if not size:
        return (), 0
    words = struct.Struct(f"<{width // 4}I")
    return tuple(words.iter_unpack(raw[position : position + size])), size


def _symbols(elf: Any) -> Iterator[tuple[str, int]]:
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            for symbol in section.iter_symbols():
                if symbol["st_info"]["type"] == "STT_OBJECT":
                    yield symbol.name, symbol["st_value"]
