"""The system calls that a file makes itself: `syscall` instructions and calls of syscall(2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from beacon.data.kernel import tables
from beacon.model.event import Abi
from beacon.reach.disassembly import Code, Instruction
from beacon.reach.functions import Extent
from beacon.reach.references import Finder, References
from beacon.reach.sources import Constant, Entry, Location, Slot, Variable
from beacon.reach.values import origins

#: syscall; sysenter; int 0x80 - whose numbers are i386's and are not looked at.
_ENTRIES = re.compile(rb"\x0f\x05|\x0f\x34|\xcd\x80")
SYSCALLS = {number: name for name, number in tables().syscalls[Abi.X86_64].items()}
_INSTRUCTION, _FUNCTION = "syscall instruction", "call of syscall()"


@dataclass
class Found:
    """Names of calls by the start of the function that says the number.

    That need not be the one with the `syscall` instruction. `unresolved` tells how often each
    reason held why a place has no name, `places` in which functions that was.
    """

    calls: dict[int, set[str]] = field(default_factory=dict)
    unresolved: Counter[str] = field(default_factory=Counter)
    places: set[int] = field(default_factory=set)

    def add(self, function: int, number: int) -> bool:
        """Whether there is such a call."""
        name = SYSCALLS.get(number)
        if name is not None:
            self.calls.setdefault(function, set()).add(name)
        return name is not None


def made(code: Code) -> Found:
    """All that a file makes itself; what libc's syscall() is asked for is its callers'."""
    found = Found()
    finder = Finder(code)
    for extent, place, entry in _entries(code):
        if entry.name == "syscall":
            _Search(code, finder, found, _INSTRUCTION).value(extent, place, "rax")
        else:
            found.unresolved[f"system call of the i386 ABI ({entry.name})"] += 1
    if "syscall" in code.elf.imports:
        _Search(code, finder, found, _FUNCTION).callers(finder.imported("syscall"), "rdi")
    return found


def _entries(code: Code) -> Iterator[tuple[Extent, int, Instruction]]:
    for section in code.elf.code:
        for match in _ENTRIES.finditer(section.data):
            extent = code.extents.at(section.address + match.start())
            body = code.body(extent) if extent else None
            place = body.index(section.address + match.start()) if body else None
            if extent and body and place is not None:
                yield extent, place, body.instructions[place]


class _Search:
    """For the numbers of one place, through the functions that hand them on."""

    def __init__(self, code: Code, finder: Finder, found: Found, reason: str) -> None:
        self._code = code
        self._finder = finder
        self._found = found
        self._reason = reason
        self._seen: set[tuple[int, Location]] = set()
        self._go = code.elf.is_go
        self._lent = code.elf.exports.get("syscall", set()) if code.elf.is_libc else set()

    def value(self, extent: Extent, place: int, wanted: Location) -> None:
        """Of a register or a word of the stack, just before an instruction."""
        for origin in origins(self._code.body(extent), place, wanted, self._go):
            if isinstance(origin, Entry):
                self._argument(extent, origin.location)
            elif isinstance(origin, Variable):
                self._initial(extent, origin.address)
            elif not isinstance(origin, Constant) or not self._found.add(
                extent.start, origin.value
            ):
                self._found.unresolved[self._reason] += 1
                self._found.places.add(extent.start)

    def callers(self, references: References, wanted: Location) -> None:
        """What they pass; a function whose address is taken has others, which nobody knows."""
        self._found.unresolved[f"{self._reason}, address taken"] += references.taken
        for site in references.sites:
            extent = self._code.extents.at(site)
            body = self._code.body(extent) if extent else None
            place = body.index(site) if body else None
            if extent and body and place is not None:
                self.value(extent, place, _outside(body.instructions[place], wanted))

    def _argument(self, extent: Extent, wanted: Location) -> None:
        """The number is the callers' to say; a function without any may have them elsewhere."""
        if extent.start in self._lent or (extent.start, wanted) in self._seen:
            return
        self._seen.add((extent.start, wanted))
        references = self._finder.function(extent.start)
        if not references.sites or self._code.elf.is_exported(extent.start):
            self._found.unresolved[f"{self._reason}, number from outside the file"] += 1
        self.callers(references, wanted)

    def _initial(self, extent: Extent, address: int) -> None:
        """A variable may change: its first value is taken, and counted as unresolved as well."""
        self._found.unresolved[f"{self._reason}, number in a variable"] += 1
        self._found.add(extent.start, self._code.elf.word(address))


def _outside(site: Instruction, wanted: Location) -> Location:
    """The same place by the caller's stack pointer, before its call pushes the return address."""
    if isinstance(wanted, Slot) and site.name == "call":
        return wanted._replace(offset=wanted.offset - 8)
    return wanted
