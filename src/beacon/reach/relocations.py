"""What the loader writes into a file's data: addresses of the file itself, and of what it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.reach.headers import ALLOCATED, RELA, RELR, Headers, SectionHeader, Segment
from beacon.reach.tables import Symbol, rows

# R_X86_64_* of the AMD64 supplement.
_ADDRESS, _GLOB_DAT, _JUMP_SLOT, _RELATIVE, _IRELATIVE = 1, 6, 7, 8, 37


def relocated(
    sections: Iterable[SectionHeader], named: list[Symbol]
) -> tuple[dict[int, int], dict[int, str]]:
    """Words filled with an address of this file, and words filled by name (SHT_RELA)."""
    pointers: dict[int, int] = {}
    slots: dict[int, str] = {}
    for section in sections:
        if section.kind == RELA and section.flags & ALLOCATED:
            for place, info, addend in rows(section.data, "<QQq"):
                kind, index = info & 0xFFFFFFFF, info >> 32
                if kind in (_RELATIVE, _IRELATIVE):
                    pointers[place] = addend
                elif kind in (_ADDRESS, _GLOB_DAT, _JUMP_SLOT) and index < len(named):
                    slots[place] = named[index].name
                    if named[index].defined:
                        pointers[place] = named[index].value + (addend if kind == _ADDRESS else 0)
    return pointers, slots


def packed(headers: Headers) -> dict[int, int]:
    """What DT_RELR fills: the places are packed, the addends lie in the words themselves."""
    return {
        place: _word(headers.segments, place)
        for section in headers.sections
        if section.kind == RELR
        for place in _unpacked(word for (word,) in rows(section.data, "<Q"))
    }


def _unpacked(entries: Iterable[int]) -> Iterator[int]:
    base = 0
    for entry in entries:
        if entry & 1:
            yield from (base + 8 * bit for bit in range(63) if entry >> (bit + 1) & 1)
            base += 63 * 8
        else:
            yield entry
            base = entry + 8


def _word(segments: Iterable[Segment], place: int) -> int:
    for segment in segments:
        offset = place - segment.address
        if 0 <= offset <= segment.size - 8:
            start = segment.offset + offset
            return int.from_bytes(segment.content[start : start + 8], "little")
    return 0
