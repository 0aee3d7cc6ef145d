"""Classic BPF as seccomp runs it: what the kernel would answer to one system call.

https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html; the instructions are those
of linux/bpf_common.h that libseccomp and runc write.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence

#: code, jt, jf, k of `struct sock_filter`, for each instruction.
Program = Sequence[tuple[int, int, int, int]]

# linux/seccomp.h: the action is in the upper half of the answer, its data (an errno) in the lower.
ALLOW, ERRNO, KILL_THREAD, ACTION_MASK = 0x7FFF0000, 0x00050000, 0x00000000, 0xFFFF0000
# linux/audit.h; x32 has x86_64's and sets a bit in the number.
AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, X32_BIT = 0xC000003E, 0x40000003, 0x40000000

_RETURN, _LOAD, _AND, _JUMP = 0x06, 0x20, 0x54, 0x05
_TESTS: Mapping[int, Callable[[int, int], bool]] = {
    0x15: lambda word, k: word == k,
    0x25: lambda word, k: word > k,
    0x35: lambda word, k: word >= k,
    0x45: lambda word, k: word & k != 0,
}
_DATA = struct.Struct("<IIQ6Q")  # struct seccomp_data
_INSTRUCTION = struct.Struct("<HBBI")


def decode(raw: bytes) -> Program:
    """The program in an array of `struct sock_filter`."""
    return list(_INSTRUCTION.iter_unpack(raw))


def judge(
    program: Program,
    number: int,
    arguments: Sequence[int] = (),
    architecture: int = AUDIT_ARCH_X86_64,
) -> int:
    """What the filter returns for a call; arguments that are not given are zero.

    ValueError for an instruction or a jump that no filter of libseccomp's or runc's has.
    """
    data = _DATA.pack(number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    word = position = 0
    while position < len(program):
        code, if_true, if_false, k = program[position]
        position += 1
        if code in _TESTS:
            position += if_true if _TESTS[code](word, k) else if_false
        elif code == _LOAD:
            (word,) = struct.unpack_from("<I", data, k)
        elif code == _RETURN:
            return k
        elif code == _JUMP:
            position += k
        elif code == _AND:
            word &= k
        else:
            raise ValueError(f"classic BPF instruction {code:#x} is not known here")
    raise ValueError("the filter ends without an answer")
