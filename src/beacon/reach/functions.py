"""Where functions begin and end, also in files whose symbols were taken away.

Sources: the search table of .eh_frame_hdr and the FDEs that it names (Linux Standard Base, "DWARF
Extensions"), .gopclntab as Go 1.18 and later write it (runtime/symtab.go), and symbols. What lies
between them is a function as well, so that no code is left out.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from beacon.reach.elf import Elf, Section

_GO = re.compile(rb"[\xf0\xf1]\xff\xff\xff\x00\x00\x01\x08")  # Go 1.18, Go 1.20
#: Where it lies; in the second with other linkers than Go's.
_GO_SECTIONS = (".gopclntab", ".data.rel.ro")
_TEXT = 24  # its field for the first function's address
#: What compilers and assemblers put between functions: nop in its lengths, int3, zeros.
_FILLER = re.compile(rb"(?:[\x66\x2e]*(?:\x90|\x0f\x1f))|\xcc|\x00")
#: call, jmp; rel32. lea reg,[rip+disp32].
_REFERENCE = re.compile(
    rb"(?:[\xe8\xe9]|[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d])(?=(....))", re.DOTALL
)
_SHORT = re.compile(rb"\xeb(?=(.))", re.DOTALL)  # jmp rel8
#: Of the code, at least one part in so many is worth a search.
_SHARE = 8
#: Bytes at most between two functions.
_PADDING = 15
_JUMPS = (b"\xe9", b"\xeb")
_SEARCHABLE = b"\x01\x1b\x03\x3b"  # version 1; pcrel sdata4, udata4, datarel sdata4


class Extent(NamedTuple):
    """A function's first address and the one behind its last."""

    start: int
    end: int


class Extents:
    """All functions of a file."""

    def __init__(self, elf: Elf) -> None:
        known = _apart(sorted({*_unwound(elf), *_go(elf), *_named(elf)}))
        gaps = [gap for gap in _gaps(elf.code, known) if gap.end - gap.start > _PADDING]
        entered = _entered(elf, gaps)
        known = sorted([*known, *entered])
        self.all = _joined(elf, sorted([*known, *_gaps(elf.code, known)]), set(known))
        self.starts = [each.start for each in self.all]

    def at(self, address: int) -> Extent | None:
        """The function that holds an address."""
        index = bisect_right(self.starts, address) - 1
        found = self.all[index] if index >= 0 else None
        return found if found and address < found.end else None

    def after(self, extent: Extent) -> Extent | None:
        """The function that begins where this one ends."""
        found = self.at(extent.end)
        return found if found and found.start == extent.end else None


def _apart(extents: list[Extent]) -> list[Extent]:
    """Without those that begin inside another; an overlong one ends where the next begins."""
    kept: list[Extent] = []
    for extent in extents:
        if kept and extent.start < kept[-1].end:
            continue
        kept.append(extent)
    return kept


def _unwound(elf: Elf) -> Iterator[Extent]:
    header, frames = elf.section(".eh_frame_hdr"), elf.section(".eh_frame")
    if not header or not frames or header.data[:4] != _SEARCHABLE:
        return
    count = min(struct.unpack_from("<I", header.data, 8)[0], (len(header.data) - 12) // 8)
    for start, entry in struct.iter_unpack("<ii", header.data[12 : 12 + 8 * count]):
        begin = header.address + start
        size = _frame_size(frames, header.address + entry, begin)
        if size and elf.code_at(begin):
            yield Extent(begin + _handler(frames, header.address + entry), begin + size)


def _joined(elf: Elf, extents: list[Extent], known: set[Extent]) -> list[Extent]:
    """A gap that begins with code goes on with the function before it, as in glibc's clone."""
    found: list[Extent] = []
    for extent in extents:
        before = found[-1] if found else None
        goes_on = before and before.end == extent.start and extent not in known
        if before and goes_on and not _FILLER.match(elf.bytes_at(extent.start, 12)):
            found[-1] = Extent(before.start, extent.end)
        else:
            found.append(extent)
    return found


def _frame_size(frames: Section, entry: int, begin: int) -> int:
    """What an FDE covers, if it is of the usual encoding (pcrel sdata4)."""
    offset = entry - frames.address
    if not 0 <= offset <= len(frames.data) - 16:
        return 0
    _, _, relative, size = struct.unpack_from("<IIiI", frames.data, offset)
    return size if entry + 8 + relative == begin else 0


def _handler(frames: Section, entry: int) -> int:
    """1 for a signal's return, whose FDE begins a byte early for the unwinders' sake."""
    place = entry + 4 - frames.address
    common = place - struct.unpack_from("<I", frames.data, place)[0]
    letters = frames.data[common + 9 : common + 17].split(b"\0")[0] if common >= 0 else b""
    return int(b"S" in letters)


def _go(elf: Elf) -> Iterator[Extent]:
    for section in elf.data:
        if section.name in _GO_SECTIONS and (match := _GO.search(section.data)):
            yield from _go_functions(
                elf, section.address + match.start(), section.data[match.start() :]
            )


def _go_functions(elf: Elf, address: int, table: bytes) -> Iterator[Extent]:
    count, _, text, *_, functions = struct.unpack_from("<8Q", table, 8)
    text = elf.pointers.get(address + _TEXT, text)  # the loader fills it in, where it must
    rows = table[functions : functions + 8 * count + 4]
    starts = [text + start for (start,) in struct.iter_unpack("<I4x", rows[: 8 * count])]
    starts.append(text + struct.unpack_from("<I", rows, 8 * count)[0])
    yield from (Extent(one, other) for one, other in pairwise(starts) if one < other)


def _named(elf: Elf) -> Iterator[Extent]:
    for start, size in elf.functions.items():
        if size and (section := elf.code_at(start)):
            yield Extent(start, min(start + size, section.end))


def _entered(elf: Elf, gaps: list[Extent]) -> list[Extent]:
    """Functions within gaps that others call, jump to or take the address of.

    musl's libc has no table of its functions, and no names of those that are its own. Most other
    files have one, and their gaps are not worth the search.
    """
    if _SHARE * sum(gap.end - gap.start for gap in gaps) < sum(len(each.data) for each in elf.code):
        return []
    leading = sorted({*_leading(elf.code), *((0, to) for to in elf.pointers.values())}, key=_goal)
    found: list[Extent] = []
    for gap in gaps:
        first = bisect_left(leading, gap.start, key=_goal)
        near = leading[first : bisect_left(leading, gap.end, key=_goal)]
        # A jump within a gap may be one within a function.
        starts = sorted({to for at, to in near if not gap.start <= at < gap.end})
        found += [Extent(*pair) for pair in pairwise([*starts, gap.end])]
    return found


def _goal(leading: tuple[int, int]) -> int:
    return leading[1]


def _leading(code: Iterable[Section]) -> Iterator[tuple[int, int]]:
    """From where jumps lead where; calls and addresses from 0, as they lead to functions alone.

    Some of these bytes are no such instructions, but few of those lead into the code.
    """
    for section in code:
        for match in (*_REFERENCE.finditer(section.data), *_SHORT.finditer(section.data)):
            site, end = section.address + match.start(), section.address + match.end(1)
            goal = end + int.from_bytes(match[1], "little", signed=True)
            yield site if match[0] in _JUMPS else 0, goal


def _gaps(code: Iterable[Section], known: list[Extent]) -> Iterator[Extent]:
    starts = [each.start for each in known]
    for section in code:
        position = section.address
        first = bisect_right(starts, section.address - 1)
        for extent in known[first : bisect_right(starts, section.end - 1)]:
            if position < extent.start:
                yield Extent(position, extent.start)
            position = max(position, extent.end)
        if position < section.end:
            yield Extent(position, section.end)
