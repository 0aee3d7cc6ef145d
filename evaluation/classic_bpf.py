"""Classic BPF as seccomp runs it: what the kernel would answer to one system call.

https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html; the instructions are those
of linux/bpf_common.h that libseccomp and runc write.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

#: code, jt, jf, k of `struct sock_filter`, for each instruction.
Program = Sequence[tuple[int, int, int, int]]

# linux/seccomp.h: the action is in the upper half of the answer, its data (an errno) in the lower.
ALLOW, ERRNO, KILL_THREAD, ACTION_MASK = 0x7FFF0000, 0x00050000, 0x00000000, 0xFFFF0000
# linux/audit.h; x32 has x86_64's and sets a bit in the number.
AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, X32_BIT = 0xC000003E, 0x40000003, 0x40000000
AUDIT_ARCH_AARCH64 = 0xC00000B7

RETURN, LOAD, _AND, _JUMP = 0x06, 0x20, 0x54, 0x05
_TESTS: Mapping[int, Callable[[int, int], bool]] = {
    0x15: lambda word, k: word == k,
    0x25: lambda word, k: word > k,
    0x35: lambda word, k: word >= k,
    0x45: lambda word, k: word & k != 0,
}
_DATA = struct.Struct("<IIQ6Q")  # struct seccomp_data
_NUMBER, _ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where it has them
_INSTRUCTION = struct.Struct("<HBBI")


def decode(raw: bytes) -> Program:
    """The program in an array of `struct sock_filter`."""
    return list(_INSTRUCTION.iter_unpack(raw))


def encode(program: Program) -> bytes:
    """The array of `struct sock_filter` again."""
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


class Run(NamedTuple):
    """What a filter answers, and how many instructions that took."""

    answer: int
    steps: int


def judge(
    program: Program,
    number: int,
    arguments: Sequence[int] = (),
    architecture: int = AUDIT_ARCH_X86_64,
) -> int:
    """What the filter returns for a call; arguments that are not given are zero.

    ValueError for an instruction or a jump that no filter of libseccomp's or runc's has.
    """
    return run(program, number, arguments, architecture).answer


def run(
    program: Program,
    number: int,
    arguments: Sequence[int] = (),
    architecture: int = AUDIT_ARCH_X86_64,
) -> Run:
    """The same as `judge`, with the instructions counted."""
    data = _DATA.pack(number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))

    def load(offset: int) -> int:
        (word,) = struct.unpack_from("<I", data, offset)
        return int(word)

    return _run(program, load)


def answered_at_once(program: Program, number: int, architecture: int = AUDIT_ARCH_X86_64) -> bool:
    """Whether the kernel lets the call through from its bitmap, without running the filter.

    It does when the filter allows the call before it looks at anything but number and
    architecture: seccomp_is_const_allow in Linux' kernel/seccomp.c, since 5.11.
    """

    def load(offset: int) -> int:
        return {_NUMBER: number, _ARCHITECTURE: architecture}[offset]

    try:
        return _run(program, load).answer == ALLOW
    except KeyError:
        return False


def may_allow(program: Program, number: int, architecture: int = AUDIT_ARCH_X86_64) -> bool:
    """Whether the filter lets the call through with some arguments; each test may go either way."""
    known = {_NUMBER: number, _ARCHITECTURE: architecture}
    waiting: list[tuple[int, int | None]] = [(0, 0)]
    seen = set()
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        position, word = state
        code, if_true, if_false, k = program[position]
        if code == RETURN and k == ALLOW:
            return True
        if code == LOAD:
            waiting.append((position + 1, known.get(k)))
        elif code in _TESTS and word is None:
            waiting += [(position + 1 + jump, None) for jump in (if_true, if_false)]
        elif code != RETURN:
            next_position, next_word = _step(program, position, word or 0)
            waiting.append((next_position, None if word is None else next_word))
    return False


def _run(program: Program, load: Callable[[int], int]) -> Run:
    word = position = steps = 0
    while position < len(program):
        code, _, _, k = program[position]
        steps += 1
        if code == RETURN:
            return Run(k, steps)
        if code == LOAD:
            position, word = position + 1, load(k)
        else:
            position, word = _step(program, position, word)
    raise ValueError("the filter ends without an answer")


def _step(program: Program, position: int, word: int) -> tuple[int, int]:
    """Where an instruction that neither loads nor returns leads, and with which word."""
    code, if_true, if_false, k = program[position]
    if code in _TESTS:
        return position + 1 + (if_true if _TESTS[code](word, k) else if_false), word
    if code == _JUMP:
        return position + 1 + k, word
    if code == _AND:
        return position + 1, word & k
    raise ValueError(f"classic BPF instruction {code:#x} is not known here")
