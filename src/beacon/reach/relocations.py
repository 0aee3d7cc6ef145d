"""What the loader writes into a file's data: addresses of the file itself, and of what it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from beacon.reach.tables import Symbol, bytes_of, rows

# R_X86_64_* of the AMD64 supplement.
_ADDRESS, _GLOB_DAT, _JUMP_SLOT, _RELATIVE, _IRELATIVE = 1, 6, 7, 8, 37


def relocated(
    raw: Any, sections: Iterable[Any], named: list[Symbol]
) -> tuple[dict[int, int], dict[int, str]]:
    """Words filled with an address of this file, and words filled by name (SHT_RELA)."""
    pointers: dict[int, int] = {}
    slots: dict[int, str] = {}
    for section in sections:
        if section["sh_type"] == "SHT_RELA" and section["sh_flags"] & 2:
            for place, info, addend in rows(bytes_of(raw, section), "<QQq"):
                kind, index = info & 0xFFFFFFFF, info >> 32
                if kind in (_RELATIVE, _IRELATIVE):
                    pointers[place] = addend
                elif kind in (_ADDRESS, _GLOB_DAT, _JUMP_SLOT) and index < len(named):
                    slots[place] = named[index].name
                    if named[index].defined:
                        pointers[place] = named[index].value + (addend if kind == _ADDRESS else 0)
    return pointers, slots


def packed(raw: Any, sections: Iterable[Any]) -> dict[int, int]:
    """What DT_RELR fills: the places are packed, the addends lie in the words themselves."""
    tables = [section for section in sections if section["sh_type"] in (19, "SHT_RELR")]
    segments = (
        [each for each in raw.iter_segments() if each["p_type"] == "PT_LOAD"] if tables else []
    )
    found = {}
    for section in tables:
        for place in _unpacked(word for (word,) in rows(bytes_of(raw, section), "<Q")):
            found[place] = _word(segments, place)
    return found


def _unpacked(entries: Iterable[int]) -> Iterator[int]:
    base = 0
    for entry in entries:
        if entry & 1:
            yield from (base + 8 * bit for bit in range(63) if entry >> (bit + 1) & 1)
            base += 63 * 8
        else:
            yield entry
            base = entry + 8


def _word(segments: list[Any], place: int) -> int:
    for segment in segments:
        offset = place - segment["p_vaddr"]
        if 0 <= offset <= segment["p_filesz"] - 8:
            segment.stream.seek(segment["p_offset"] + offset)
            return int.from_bytes(segment.stream.read(8), "little")
    return 0
