from __future__ import annotations

import struct

import pytest

from classic_bpf import (
    ALLOW,
    AUDIT_ARCH_I386,
    KILL_THREAD,
    answered_at_once,
    decode,
    encode,
    judge,
    may_allow,
    run,
)

ERRNO = 0x00050001
# if arch != x86_64: kill; if nr == 5 or nr >= 0x40000000: errno; else allow
PROGRAM = [
    (0x20, 0, 0, 4),
    (0x15, 0, 4, 0xC000003E),
    (0x20, 0, 0, 0),
    (0x35, 1, 0, 0x40000000),
    (0x15, 0, 2, 5),
    (0x06, 0, 0, ERRNO),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, ALLOW),
]


def test_a_filter_is_run_as_the_kernel_would() -> None:
    assert judge(PROGRAM, 4) == ALLOW
    assert judge(PROGRAM, 5) == ERRNO
    assert judge(PROGRAM, 0x40000001) == ERRNO
    assert judge(PROGRAM, 4, architecture=AUDIT_ARCH_I386) == KILL_THREAD


def test_arguments_are_two_words_each() -> None:
    # The upper word of argument 1 decides, under a mask.
    program = [(0x20, 0, 0, 28), (0x54, 0, 0, 0xF0), (0x45, 0, 1, 0x10), (0x06, 0, 0, 1)]
    program.append((0x06, 0, 0, 2))
    assert judge(program, 0, (0, 0x1F << 32)) == 1
    assert [judge(program, 0, (0, value)) for value in (0x1F, 0x0F << 32, 0xE0 << 32)] == [2] * 3


def test_a_jump_without_a_condition_and_the_kernels_layout() -> None:
    raw = b"".join(struct.pack("<HBBI", *each) for each in PROGRAM)
    assert decode(raw) == PROGRAM
    assert encode(PROGRAM) == raw
    assert judge([(0x05, 0, 0, 1), (0x06, 0, 0, 1), (0x06, 0, 0, 2)], 0) == 2


@pytest.mark.parametrize("program", [[(0x07, 0, 0, 0)], [], [(0x05, 0, 0, 9), (0x06, 0, 0, 0)]])
def test_what_is_not_a_filter(program: list[tuple[int, int, int, int]]) -> None:
    with pytest.raises(ValueError, match=r"not known here|without an answer"):
        judge(program, 0)


def test_what_the_kernel_answers_from_its_bitmap() -> None:
    assert answered_at_once(PROGRAM, 4)
    assert not answered_at_once(PROGRAM, 5)
    assert not answered_at_once(PROGRAM, 4, AUDIT_ARCH_I386)
    # Call 7 is let through whatever its argument is, but only after a look at it.
    looks = [(0x20, 0, 0, 0), (0x15, 0, 1, 7), (0x20, 0, 0, 16), (0x06, 0, 0, ALLOW)]
    assert answered_at_once(looks, 6)
    assert not answered_at_once(looks, 7)


def test_what_some_arguments_open() -> None:
    # Call 7 with argument 0, under a mask, of 1; nothing else.
    program = [
        (0x20, 0, 0, 0),
        (0x15, 0, 3, 7),
        (0x20, 0, 0, 16),
        (0x54, 0, 0, 0xF),
        (0x15, 1, 0, 1),
        (0x06, 0, 0, ERRNO),
        (0x06, 0, 0, ALLOW),
    ]
    assert may_allow(program, 7)
    assert not may_allow(program, 6)
    assert not answered_at_once(program, 7)
    assert run(program, 7, (1,)) == (ALLOW, 6)
    assert run(program, 6) == (ERRNO, 3)
