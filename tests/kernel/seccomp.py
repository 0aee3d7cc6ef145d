"""Assembles seccomp filters that answer some system calls and let all others pass."""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from beacon.data.kernel import tables
from beacon.model.architecture import Architecture
from beacon.model.event import Abi

_INSTRUCTION = struct.Struct("<HBBI")
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000  # linux/seccomp.h
KILL_PROCESS, KILL_THREAD, TRAP = 0x80000000, 0x00000000, 0x00030000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_X86_64, _I386, _AARCH64, _ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028  # linux/audit.h
_ARCHITECTURES = {
    Abi.X86_64: _X86_64,
    Abi.I386: _I386,
    Abi.X32: _X86_64,
    Abi.AARCH64: _AARCH64,
    Abi.ARM: _ARM,
}
_X32_BIT = 0x40000000  # asm/unistd.h

#: That of the machine that runs the tests; harness.py imports this file.
HERE = {"x86_64": Architecture.AMD64, "aarch64": Architecture.ARM64}[platform.machine()]


@dataclass(frozen=True)
class Rule:
    """One system call that is answered with an error, or with another action in its place."""

    name: str
    error: int = errno.EPERM
    abi: Abi = HERE.native
    action: int = _ERRNO


#: Lets everything pass, as a recording filter does.
RECORDING: tuple[Rule, ...] = ()
#: What the parts "refused" and "alternating" of the test program expect.
REFUSING = (
    Rule("getitimer"),
    Rule("sysinfo", errno.ENOSYS),
    *(Rule("getuid", abi=abi) for abi in HERE.abis if abi is Abi.I386),
)
#: What the parts "punished" expect, by each ABI.
PUNISHING = tuple(
    rule
    for abi in HERE.abis
    for rule in (
        Rule("getitimer", 0, abi, KILL_PROCESS),
        Rule("sysinfo", 0, abi, TRAP),
        Rule("times", abi=abi),
    )
)


def assemble(rules: Iterable[Rule]) -> bytes:
    """The filter as an array of `struct sock_filter`."""
    return b"".join(_rule(rule) for rule in rules) + _INSTRUCTION.pack(_RETURN, 0, 0, _ALLOW)


def _rule(rule: Rule) -> bytes:
    number = tables().syscalls[rule.abi][rule.name]
    if rule.abi is Abi.X32:
        number |= _X32_BIT
    instructions = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 3, _ARCHITECTURES[rule.abi]),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, rule.action | rule.error),
    )
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)
