"""The headers of ELF files, whole and broken."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from beacon.reach.headers import ForeignError, MalformedError, parse
from unit.reach.elves import ALONE, BARE, built

_SECTIONS, _COUNT, _NAMES = 40, 60, 62  # e_shoff, e_shnum, e_shstrndx


@pytest.fixture
def program(tmp_path: Path) -> bytearray:
    return bytearray(built(tmp_path, ALONE, *BARE).read_bytes())


def changed(program: bytearray, form: str, place: int, value: int) -> bytes:
    struct.pack_into(form, program, place, value)
    return bytes(program)


def test_sections_by_name(program: bytearray) -> None:
    found = {each.name: each for each in parse(bytes(program)).sections}
    assert {".text", ".symtab", ".strtab"} <= found.keys()
    assert b"\x0f\x05" in found[".text"].data


def test_many_sections_have_their_count_in_the_first(program: bytearray) -> None:
    before = parse(bytes(program))
    (start,) = struct.unpack_from("<Q", program, _SECTIONS)
    count, names = struct.unpack_from("<HH", program, _COUNT)
    struct.pack_into("<Q", program, start + 32, count)  # sh_size
    struct.pack_into("<I", program, start + 40, names)  # sh_link
    struct.pack_into("<HH", program, _COUNT, 0, 0xFFFF)
    after = parse(bytes(program))
    assert [each.name for each in after.sections] == [each.name for each in before.sections]


@pytest.mark.parametrize(
    ("form", "place", "value", "said"),
    [
        ("<H", _NAMES, 5000, "no names"),
        ("<H", 54, 8, "another size"),  # e_phentsize
        ("<H", 58, 8, "another size"),  # e_shentsize
    ],
)
def test_broken_headers_are_named(
    program: bytearray, form: str, place: int, value: int, said: str
) -> None:
    with pytest.raises(MalformedError, match=said):
        parse(changed(program, form, place, value))


def test_tables_end_with_the_file(program: bytearray) -> None:
    assert len(parse(changed(program, "<H", _COUNT, 0xFFFE)).sections) < 100
    assert parse(changed(program, "<Q", _SECTIONS, 0)).sections == []


@pytest.mark.parametrize(
    ("machine", "name"), [(183, "Arm (aarch64)"), (8, "machine 8"), (3, "32-bit x86 (i386)")]
)
def test_other_machines(program: bytearray, machine: int, name: str) -> None:
    with pytest.raises(ForeignError) as raised:
        parse(changed(program, "<H", 18, machine))
    assert str(raised.value) == f"code for {name}, which is not analysed"
