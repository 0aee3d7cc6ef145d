"""A profile as runtimes compile it that ask libseccomp for a binary tree of the calls' numbers.

runc does since 1.2 (https://github.com/opencontainers/runc/pull/3405); runc before that and crun
have the numbers tested one by one, those of calls with conditions last. The few instructions that
runc puts before a filter are left out here.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyseccomp
from tools import BenchError

from classic_bpf import Program, decode

_BINARY_TREE = 2
_UNKNOWN = -1  # __NR_SCMP_ERROR
_ACTIONS = {"SCMP_ACT_ALLOW": pyseccomp.ALLOW}


def as_tree(profile: Path) -> Program:
    """The program for a profile that BeaCon wrote; BenchError for another."""
    try:
        return _compiled(json.loads(profile.read_text()))
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        raise BenchError(f"{profile} is not a profile that beacon policy wrote.") from None


def _compiled(document: dict[str, Any]) -> Program:
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(document["defaultErrnoRet"]))
    rules.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)
    for name in document["architectures"]:
        architecture = getattr(pyseccomp.Arch, name.removeprefix("SCMP_ARCH_"))
        if not rules.exist_arch(architecture):
            rules.add_arch(architecture)
    for rule in document["syscalls"]:
        action = _ACTIONS.get(rule["action"]) or pyseccomp.ERRNO(rule["errnoRet"])
        # Runtimes leave out the names that their libseccomp lacks, too.
        for name in filter(_is_known, rule["names"]):
            rules.add_rule(action, name, *map(_condition, rule.get("args", ())))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return decode(file.read())


def _is_known(name: str) -> bool:
    return bool(pyseccomp.resolve_syscall(pyseccomp.Arch.X86_64, name) != _UNKNOWN)


def _condition(argument: dict[str, Any]) -> pyseccomp.Arg:
    compare = getattr(pyseccomp, argument["op"].removeprefix("SCMP_CMP_"))
    return pyseccomp.Arg(argument["index"], compare, argument["value"], argument.get("valueTwo", 0))
