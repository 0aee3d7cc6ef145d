"""libseccomp compiles a profile, and what the kernel would answer under the program.

https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import operator
import struct
import tempfile
from collections.abc import Iterator
from typing import Any

import pyseccomp

ALLOWED = 0x7FFF0000
_ERRNO = 0x00050000
_X86_64 = 0xC000003E  # AUDIT_ARCH_X86_64
_RETURN, _LOAD, _AND, _JUMP = 0x06, 0x20, 0x54, 0x05  # linux/bpf_common.h
_TESTS = {0x15: operator.eq, 0x25: operator.gt, 0x35: operator.ge, 0x45: operator.and_}


def compiled(profile: dict[str, Any]) -> bytes:
    """The program; OSError or ValueError for a rule that libseccomp refuses."""
    loaded = pyseccomp.SyscallFilter(pyseccomp.ERRNO(profile["defaultErrnoRet"]))
    loaded.remove_arch(pyseccomp.Arch.NATIVE)
    for name in profile["architectures"]:
        loaded.add_arch(getattr(pyseccomp.Arch, name.removeprefix("SCMP_ARCH_")))
    for rule in profile["syscalls"]:
        for name in rule["names"]:
            loaded.add_rule(_action(rule), name, *map(_argument, rule.get("args", [])))
    with tempfile.TemporaryFile() as file:
        loaded.export_bpf(file)
        file.seek(0)
        return file.read()


def _action(rule: dict[str, Any]) -> int:
    if rule["action"] == "SCMP_ACT_ALLOW":
        return ALLOWED
    assert rule["action"] == "SCMP_ACT_ERRNO"
    return _ERRNO | int(rule["errnoRet"])


def _argument(condition: dict[str, Any]) -> pyseccomp.Arg:
    compare = getattr(pyseccomp, condition["op"].removeprefix("SCMP_CMP_"))
    values = condition["value"], condition.get("valueTwo", 0)
    return pyseccomp.Arg(condition["index"], compare, *values)


def errno_of(program: bytes, call: str, *arguments: int) -> int | None:
    """The errno of an x86-64 call under the program, None if it is let through."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.X86_64, call)
    padded = (*arguments, *(0 for _ in range(6 - len(arguments))))
    answer = _run(list(_instructions(program)), struct.pack("<iIQ6Q", number, _X86_64, 0, *padded))
    assert answer == ALLOWED or answer & 0xFFFF0000 == _ERRNO, hex(answer)
    return None if answer == ALLOWED else answer & 0xFFFF


def _instructions(program: bytes) -> Iterator[tuple[int, int, int, int]]:
    yield from struct.iter_unpack("<HBBI", program)


def _run(program: list[tuple[int, int, int, int]], data: bytes) -> int:
    place = word = 0
    while True:
        code, true, false, value = program[place]
        place += 1
        if code == _RETURN:
            return value
        if code == _LOAD:
            (word,) = struct.unpack_from("<I", data, value)
        elif code == _AND:
            word &= value
        else:
            place += value if code == _JUMP else true if _TESTS[code](word, value) else false
