"""Files that are no proper ELF files: bounded time and memory, and one sentence."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.reach import facts
from beacon.reach.facts import Facts
from unit.reach.elves import ALONE, BARE, KNOWN, built

#: Seconds for a file of 16 kB on a busy machine.
_LONGEST = 20.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return built(tmp_path_factory.mktemp("program"), KNOWN, "-O2").read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return built(tmp_path_factory.mktemp("alone"), ALONE, *BARE).read_bytes()


def of(content: bytes) -> Facts:
    began = time.monotonic()
    found = facts.of_elf(content)
    assert time.monotonic() - began < _LONGEST
    return found


def test_a_file_that_ends_early_is_named(program: bytes) -> None:
    for size in (4, 63, 64, 500, len(program) // 2, len(program) - 200):
        assert "file not read" in next(iter(of(program[:size]).unresolved))


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_first_four(content: bytes) -> None:
    assert of(b"\x7fELF" + content).unresolved


@settings(max_examples=150)
@given(st.data())
def test_changed_bytes(program: bytes, data: st.DataObject) -> None:
    """Mostly in the headers and tables, which lie at the begin and at the end."""
    raw = bytearray(program)
    for _ in range(data.draw(st.integers(1, 12))):
        near = data.draw(st.integers(0, 0x400))
        place = data.draw(st.sampled_from([near, len(raw) - 1 - near, near * 13 % len(raw)]))
        raw[place] = data.draw(st.integers(0, 255))
    of(bytes(raw))


@settings(max_examples=100)
@given(st.data())
def test_changed_words(alone: bytes, data: st.DataObject) -> None:
    """Sizes, counts and offsets become whatever breaks readers most often."""
    raw = bytearray(alone)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) // 8 - 1)) * 8
        word = data.draw(
            st.sampled_from([0, 1, 0xFF, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1])
        )
        struct.pack_into("<Q", raw, place, word)
    of(bytes(raw))


@pytest.mark.parametrize(
    "code",
    [
        ".fill 200000, 1, 0x66",
        ".fill 100000, 2, 0xfeeb",
        ".fill 50000, 2, 0x050f",
        ".rept 20000; syscall; jmp .-4; .endr",
    ],
    ids=["prefixes", "jumps to themselves", "calls", "calls in circles"],
)
def test_code_that_is_no_code(tmp_path: Path, code: str) -> None:
    text = f'__asm__(".globl _start; _start: {code}");'
    of(built(tmp_path, text, *BARE).read_bytes())
