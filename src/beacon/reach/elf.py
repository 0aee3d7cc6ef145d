"""One x86-64 ELF file, read from bytes that nobody vouches for: its code, symbols and relocations.

Layouts are those of the System V ABI's AMD64 supplement, DT_RELR's is the generic ABI's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from beacon.reach.headers import (
    ALLOCATED,
    EXECUTABLE,
    NOBITS,
    MalformedError,
    SectionHeader,
    parse,
)
from beacon.reach.relocations import packed, relocated
from beacon.reach.tables import dynamic, symbols


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


@dataclass(frozen=True, kw_only=True)
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
    """Parse; MalformedError, or what struct raises and what lists do, if that cannot be done.

    ForeignError for other machines than x86-64 and for x32.
    """
    headers = parse(content)
    loaded = [each for each in headers.sections if _is_loaded(each)]
    if not loaded:
        raise MalformedError("it has no sections")
    named, tags = symbols(headers.sections), dynamic(headers.sections)
    pointers, slots = relocated(headers.sections, named.dynamic)
    interpreter = next((each.data for each in loaded if each.name == ".interp"), b"")
    code = (_section(each) for each in loaded if each.flags & EXECUTABLE)
    return Elf(
        soname=tags.soname,
        interpreter=interpreter.rstrip(b"\0").decode(errors="replace"),
        entry=headers.entry,
        fixed=headers.fixed,
        needed=tags.needed,
        code=tuple(sorted(code, key=_address)),
        data=tuple(_section(each) for each in loaded if not each.flags & EXECUTABLE),
        imports=frozenset(named.imports()),
        exports=named.exports(),
        functions=named.functions(),
        pointers=pointers | packed(headers),
        slots=slots,
    )


def _is_loaded(header: SectionHeader) -> bool:
    return header.kind != NOBITS and bool(header.flags & ALLOCATED)


def _section(header: SectionHeader) -> Section:
    return Section(header.name, header.address, header.data)


def _address(section: Section) -> int:
    return section.address
