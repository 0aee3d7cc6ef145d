"""One x86-64 ELF file, read from bytes that nobody vouches for: its code, symbols and relocations.

Layouts are those of the System V ABI's AMD64 supplement, DT_RELR's is the generic ABI's.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from elftools.elf.elffile import ELFFile

from beacon.reach.relocations import packed, relocated
from beacon.reach.tables import bytes_of, dynamic, symbols

_EXECUTABLE = 0x4  # SHF_EXECINSTR


class MalformedError(Exception):
    """The bytes are no ELF file that could be read."""


class ForeignError(Exception):
    """An ELF file for another kind of machine; the message names it."""


@dataclass(frozen=True)
class Section:
    """A stretch of the file as it lies in memory."""

    name: str
    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Elf:
    """What the analysis needs of a file.

    `imports` and `exports` are dynamic symbols. `pointers` are words that the loader fills with
    an address of this very file (a resolver's for IRELATIVE), `slots` those it fills by name.
    A `fixed` file is loaded where it says, so that its pointers need no loader.
    """

    soname: str = ""
    interpreter: str = ""
    entry: int = 0
    fixed: bool = False
    needed: tuple[str, ...] = ()
    code: tuple[Section, ...] = ()
    data: tuple[Section, ...] = ()
    imports: frozenset[str] = frozenset()
    exports: dict[str, set[int]] = field(default_factory=dict)
    functions: dict[int, int] = field(default_factory=dict)
    pointers: dict[int, int] = field(default_factory=dict)
    slots: dict[int, str] = field(default_factory=dict)

    def section(self, name: str) -> Section | None:
        """The first section of this name."""
        return next((each for each in (*self.code, *self.data) if each.name == name), None)

    def code_at(self, address: int) -> Section | None:
        """The executable section that holds an address."""
        return next((each for each in self.code if each.address <= address < each.end), None)

    @property
    def is_libc(self) -> bool:
        """Whether it is a C library: glibc's, or musl's, which is its own loader."""
        return "__libc_start_main" in self.exports and not self.fixed

    @property
    def is_go(self) -> bool:
        """Whether Go's compiler made it, whose functions keep no register."""
        return any(self.section(name) for name in (".gopclntab", ".go.buildinfo"))

    def is_exported(self, function: int) -> bool:
        """Whether other files can call it."""
        return any(function in places for places in self.exports.values())

    def bytes_at(self, address: int, size: int) -> bytes:
        """Code, up to the end of its section."""
        section = self.code_at(address)
        offset = address - section.address if section else 0
        return section.data[offset : offset + size] if section else b""

    def word(self, address: int) -> int:
        """The four bytes that the file has at an address; -1 where it has none."""
        for each in self.data:
            if each.address <= address <= each.end - 4:
                offset = address - each.address
                return int.from_bytes(each.data[offset : offset + 4], "little")
        return -1


def read(content: bytes) -> Elf:
    """Parse; MalformedError, or whatever pyelftools and struct raise, if that cannot be done.

    ForeignError for other machines than x86-64 and for x32.
    """
    raw = ELFFile(io.BytesIO(content))
    if raw["e_machine"] != "EM_X86_64" or raw.elfclass != 64 or not raw.little_endian:
        raise ForeignError(_machine(raw))
    sections = list(raw.iter_sections())  # pyelftools parses them anew each time
    loaded = [each for each in sections if _loaded(each, len(content))]
    if not loaded:
        raise MalformedError("no sections")
    parts = [(_section(raw, each), each["sh_flags"]) for each in loaded]
    code = sorted((each for each, flags in parts if flags & _EXECUTABLE), key=_address)
    data = tuple(each for each, flags in parts if not flags & _EXECUTABLE)
    return _linked(raw, sections, Elf(entry=raw["e_entry"], code=tuple(code), data=data))


def _machine(raw: Any) -> str:
    machine = str(raw["e_machine"])
    bits = {"EM_386": "32-bit x86 (i386)", "EM_X86_64": "32-bit pointers (x32)"}.get(machine)
    return f"code for {bits or machine.removeprefix('EM_')[:20]}, which is not analysed"


def _loaded(header: Any, size: int) -> bool:
    inside = header["sh_offset"] + header["sh_size"] <= size
    return bool(header["sh_type"] != "SHT_NOBITS" and header["sh_flags"] & 0x2 and inside)


def _section(raw: Any, header: Any) -> Section:
    return Section(header.name, header["sh_addr"], bytes_of(raw, header))


def _address(section: Section) -> int:
    return section.address


def _linked(raw: Any, sections: list[Any], bare: Elf) -> Elf:
    named = symbols(raw, sections)
    tags = dynamic(raw, sections)
    pointers, slots = relocated(raw, sections, named.dynamic)
    pointers.update(packed(raw, sections))
    interpreter = bare.section(".interp")
    return Elf(
        soname=tags.soname,
        interpreter=interpreter.data.rstrip(b"\0").decode(errors="replace") if interpreter else "",
        entry=bare.entry,
        fixed=raw["e_type"] == "ET_EXEC",
        needed=tags.needed,
        code=bare.code,
        data=bare.data,
        imports=frozenset(named.imports()),
        exports=named.exports(),
        functions=named.functions(),
        pointers=pointers,
        slots=slots,
    )
