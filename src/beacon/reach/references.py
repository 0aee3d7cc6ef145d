"""Who calls a function of a file, and who takes its address, found by the bytes that do it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from beacon.reach.disassembly import Code
from beacon.reach.elf import Elf, Section

_DIRECT = re.compile(rb"[\xe8\xe9]|\x0f[\x80-\x8f]")  # call, jmp, jcc; rel32
_SHORT = re.compile(rb"[\xeb\x70-\x7f](?=(.))", re.DOTALL)  # jmp, jcc; rel8
_THROUGH = re.compile(rb"\xff[\x15\x25]")  # call, jmp; [rip+disp32]
_TAKEN = re.compile(rb"[\x48\x4c]\x8b[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]")  # mov reg,[rip+disp32]
_LOADED = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]")  # lea reg,[rip+disp32]
#: What may stand before the jump of a PLT entry: nothing, bnd, endbr64, both.
_STUBS = (0, 1, 4, 5)


class References(NamedTuple):
    """Addresses of calls and jumps to it, and how often its address is taken."""

    sites: frozenset[int]
    taken: int


class Finder:
    """Scans a file once for each kind of reference."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._elf: Elf = code.elf

    def function(self, start: int) -> References:
        """To a function of the file; through the PLT as well when others could replace it."""
        names = {name for name, places in self._elf.exports.items() if start in places}
        slots = {slot for slot, goal in self._elf.pointers.items() if goal == start}
        slots |= {slot for slot, name in self._elf.slots.items() if name in names}
        found = self._slots(slots)
        loaded = len(self._places(self._loads, [start])) + self._absolute(start)
        sites = found.sites | self._places(self._calls, [start])
        return References(sites | self._near(start), found.taken + loaded)

    def _near(self, start: int) -> frozenset[int]:
        """Jumps of two bytes: a function may end with one into its neighbour."""
        section = self._elf.code_at(start)
        first = max(start - 129, section.address) if section else start
        found = {
            first + match.start()
            for match in _SHORT.finditer(self._elf.bytes_at(first, 260))
            if first + match.end() + 1 + (match[1][0] ^ 0x80) - 0x80 == start
        }
        return frozenset(site for site in found if self._is_instruction(site))

    def _absolute(self, start: int) -> int:
        """How often a file that is not moved holds the address as it is."""
        if not self._elf.fixed:
            return 0
        word, low = start.to_bytes(8, "little"), re.escape(start.to_bytes(8, "little")[:4])
        in_data = sum(section.data.count(word) for section in self._elf.data)
        moved = re.compile(rb"[\xb8-\xbf]" + low)  # mov reg,imm32
        return in_data + sum(len(moved.findall(section.data)) for section in self._elf.code)

    def imported(self, name: str) -> References:
        """To a function of another file."""
        return self._slots({slot for slot, each in self._elf.slots.items() if each == name})

    def _slots(self, slots: set[int]) -> References:
        sites = self._places(self._jumps, slots)
        stubs = {site for site in sites if self._in_plt(site)}
        entries = [site - ahead for site in stubs for ahead in _STUBS]
        in_data = sum(not self._in_table(slot) for slot in slots)
        taken = len(self._places(self._words, slots)) + in_data
        return References((sites - stubs) | self._places(self._calls, entries), taken)

    def _in_plt(self, site: int) -> bool:
        section = self._elf.code_at(site)
        return bool(section and section.name.startswith(".plt"))

    def _in_table(self, slot: int) -> bool:
        """Whether a word is of the tables that calls go through, not of the program's data."""
        tables = (self._elf.section(name) for name in (".got", ".got.plt"))
        return any(table and table.address <= slot < table.end for table in tables)

    def _places(self, table: dict[int, list[int]], goals: Iterable[int]) -> frozenset[int]:
        found = {site for goal in goals for site in table.get(goal, ())}
        return frozenset(site for site in found if self._is_instruction(site))

    def _is_instruction(self, site: int) -> bool:
        extent = self._code.extents.at(site)
        return bool(extent and self._code.body(extent).index(site) is not None)

    @cached_property
    def _calls(self) -> dict[int, list[int]]:
        return _table(self._elf.code, _DIRECT)

    @cached_property
    def _jumps(self) -> dict[int, list[int]]:
        return _table(self._elf.code, _THROUGH)

    @cached_property
    def _words(self) -> dict[int, list[int]]:
        return _table(self._elf.code, _TAKEN)

    @cached_property
    def _loads(self) -> dict[int, list[int]]:
        return _table(self._elf.code, _LOADED)


def _table(sections: Iterable[Section], form: re.Pattern[bytes]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for section in sections:
        for goal, site in _scan(section, form):
            found.setdefault(goal, []).append(site)
    return found


def _scan(section: Section, form: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    for match in form.finditer(section.data):
        if match.end() + 4 <= len(section.data):
            distance = struct.unpack_from("<i", section.data, match.end())[0]
            yield section.address + match.end() + 4 + distance, section.address + match.start()
