"""Assembles seccomp filters that refuse some system calls and let all others pass."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from beacon.data.kernel import tables
from beacon.model.event import Abi

_INSTRUCTION = struct.Struct("<HBBI")
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000  # linux/seccomp.h
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ARCHITECTURES = {Abi.X86_64: 0xC000003E, Abi.I386: 0x40000003}  # linux/audit.h


@dataclass(frozen=True)
class Rule:
    """One refused system call."""

    name: str
    error: int = errno.EPERM
    abi: Abi = Abi.X86_64


#: Lets everything pass, as a recording filter does.
RECORDING: tuple[Rule, ...] = ()
#: What the parts "refused" and "alternating" of the test program expect.
REFUSING = (
    Rule("getitimer"),
    Rule("sysinfo", errno.ENOSYS),
    Rule("getuid", abi=Abi.I386),
)


def assemble(rules: Iterable[Rule]) -> bytes:
    """The filter as an array of `struct sock_filter`."""
    return b"".join(_rule(rule) for rule in rules) + _INSTRUCTION.pack(_RETURN, 0, 0, _ALLOW)


def _rule(rule: Rule) -> bytes:
    number = tables().syscalls[rule.abi][rule.name]
    instructions = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 3, _ARCHITECTURES[rule.abi]),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO | rule.error),
    )
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)
