"""The headers of an x86-64 ELF file, read from bytes that nobody vouches for.

Layouts and numbers are those of the System V ABI (gABI, chapters 4 and 5) and of its AMD64
supplement. Whatever points outside of the file is cut off at its end.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: SHT_*, and the flags of a section that is loaded and of one that holds code.
SYMTAB, RELA, DYNAMIC, NOBITS, DYNSYM, RELR = 2, 4, 6, 8, 11, 19
ALLOCATED, EXECUTABLE = 0x2, 0x4
_LOAD = 1  # PT_LOAD
_FIXED = 2  # ET_EXEC
_X86_64 = 62
_64_BITS, _LITTLE_ENDIAN = 2, 1
_MACHINES = {
    3: "32-bit x86 (i386)",
    40: "Arm",
    62: "32-bit pointers (x32)",
    183: "Arm (aarch64)",
    243: "RISC-V",
}
#: e_type to e_shstrndx, Elf64_Shdr, Elf64_Phdr.
_FILE = struct.Struct("<HHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQII16x")
_PROGRAM = struct.Struct("<IIQQ8xQ16x")
#: What e_shnum and e_shstrndx say when the number is in the first section's header.
_LARGE_COUNT, _LARGE_INDEX = 0, 0xFFFF


class MalformedError(Exception):
    """The bytes are no ELF file that could be read."""


class ForeignError(Exception):
    """An ELF file for another kind of machine; the message names it."""


class SectionHeader(NamedTuple):
    """One part of the file, as its linker named it; `link` is the number of another."""

    name: str
    kind: int
    flags: int
    address: int
    link: int
    content: bytes  # of the whole file
    offset: int
    size: int

    @property
    def data(self) -> bytes:
        """A copy of its bytes; as they lie in the file, compressed or not."""
        return b"" if self.kind == NOBITS else self.content[self.offset : self.offset + self.size]


class Segment(NamedTuple):
    """What is loaded at an address."""

    address: int
    content: bytes  # of the whole file
    offset: int
    size: int


class Headers(NamedTuple):
    """A `fixed` file is loaded where it says."""

    entry: int
    fixed: bool
    sections: list[SectionHeader]
    segments: list[Segment]


def parse(content: bytes) -> Headers:
    """Of a file that begins as an ELF file; MalformedError, ForeignError."""
    if len(content) < 16 + _FILE.size:
        raise MalformedError("it ends early")
    _check_machine(content)
    fields = _FILE.unpack_from(content, 16)
    kind, _, _, entry, programs, sections, _, _, size, count, own, many, names = fields
    if (count and size != _PROGRAM.size) or own not in (0, _SECTION.size):
        raise MalformedError("its headers have another size")
    return Headers(
        entry,
        kind == _FIXED,
        _sections(content, sections, many, names),
        _segments(content, programs, count),
    )


def _check_machine(content: bytes) -> None:
    order = "<" if content[5] == _LITTLE_ENDIAN else ">"
    (machine,) = struct.unpack_from(f"{order}H", content, 18)
    if (machine, content[4], content[5]) != (_X86_64, _64_BITS, _LITTLE_ENDIAN):
        name = _MACHINES.get(machine, f"machine {machine}")
        raise ForeignError(f"code for {name}, which is not analysed")


def _sections(content: bytes, start: int, count: int, names: int) -> list[SectionHeader]:
    rows = _rows(_SECTION, content, start, 1)
    if not start or not rows:
        return []
    if count == _LARGE_COUNT:
        count = rows[0][5]
    if names == _LARGE_INDEX:
        names = rows[0][6]
    rows = _rows(_SECTION, content, start, count)
    if names >= len(rows):
        raise MalformedError("its sections have no names")
    offset, size = rows[names][4:6]
    strings = content[offset : offset + size]
    return [
        SectionHeader(text(strings, name), kind, flags, address, link, content, offset, size)
        for name, kind, flags, address, offset, size, link, _ in rows
    ]


def _segments(content: bytes, start: int, count: int) -> list[Segment]:
    return [
        Segment(address, content, offset, size)
        for kind, _, offset, address, size in _rows(_PROGRAM, content, start, count)
        if kind == _LOAD
    ]


def _rows(form: struct.Struct, content: bytes, start: int, count: int) -> list[tuple[int, ...]]:
    """As many rows as there are."""
    data = content[start : start + count * form.size]
    return list(form.iter_unpack(data[: len(data) // form.size * form.size]))


def text(strings: bytes, offset: int) -> str:
    """The string at an offset of a table of strings."""
    end = strings.find(b"\0", offset)
    return strings[offset : end if end >= 0 else len(strings)].decode(errors="replace")
