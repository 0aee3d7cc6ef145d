"""libseccomp compiles a profile, and what the kernel would answer under the program."""

from __future__ import annotations

import tempfile
from typing import Any

import pyseccomp

from beacon.data.kernel import is_syscall
from classic_bpf import ACTION_MASK, ALLOW, ERRNO, decode, judge

_UNKNOWN = -1  # seccomp.h: __NR_SCMP_ERROR


def compiled(profile: dict[str, Any]) -> bytes:
    """The program; OSError or ValueError for a rule that libseccomp refuses."""
    loaded = pyseccomp.SyscallFilter(_default(profile))
    loaded.remove_arch(pyseccomp.Arch.NATIVE)
    for name in profile["architectures"]:
        loaded.add_arch(getattr(pyseccomp.Arch, name.removeprefix("SCMP_ARCH_")))
    for rule in profile["syscalls"]:
        for name in filter(_is_known, rule["names"]):
            loaded.add_rule(_action(rule), name, *map(_argument, rule.get("args", [])))
    with tempfile.TemporaryFile() as file:
        loaded.export_bpf(file)
        file.seek(0)
        return file.read()


def _default(profile: dict[str, Any]) -> int:
    if profile["defaultAction"] == "SCMP_ACT_LOG":
        return int(pyseccomp.LOG)
    return int(pyseccomp.ERRNO(profile["defaultErrnoRet"]))


def _is_known(name: str) -> bool:
    """Not if this libseccomp is older than the call: runtimes leave its rule out, too."""
    return (
        not is_syscall(name) or pyseccomp.resolve_syscall(pyseccomp.Arch.X86_64, name) != _UNKNOWN
    )


def _action(rule: dict[str, Any]) -> int:
    if rule["action"] == "SCMP_ACT_ALLOW":
        return ALLOW
    assert rule["action"] == "SCMP_ACT_ERRNO"
    return ERRNO | int(rule["errnoRet"])


def _argument(condition: dict[str, Any]) -> pyseccomp.Arg:
    compare = getattr(pyseccomp, condition["op"].removeprefix("SCMP_CMP_"))
    values = condition["value"], condition.get("valueTwo", 0)
    return pyseccomp.Arg(condition["index"], compare, *values)


def errno_of(program: bytes, call: str, *arguments: int) -> int | None:
    """The errno of an x86-64 call under the program, None if it is let through."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.X86_64, call)
    answer = judge(decode(program), number, arguments)
    assert answer == ALLOW or answer & ACTION_MASK == ERRNO, hex(answer)
    return None if answer == ALLOW else answer & ~ACTION_MASK
