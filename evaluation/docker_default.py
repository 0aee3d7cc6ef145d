"""Whether the running engine's default lets through what script/cve_table/docker.toml says.

usage: docker_default.py

Fetches the filter that the kernel holds for a plain container, and runs it for every call of the
three ABIs, with the arguments that decide and with random ones. Exit code 10: it differs from the
table's facts on this engine's version, or the table has none.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from beacon.data.arguments import PLAIN, Multiplexer, canonical, multiplexers
from beacon.data.kernel import capability_name, tables
from beacon.model.event import Abi, Syscall
from classic_bpf import (
    ACTION_MASK,
    ALLOW,
    AUDIT_ARCH_I386,
    AUDIT_ARCH_X86_64,
    X32_BIT,
    Program,
    judge,
)
from default_profile import bounding_set, container
from kernel_filters import filters_of

sys.path.append(str(Path(__file__).resolve().parent.parent / "script"))
from cve_table.docker import Default, defaults

_RANDOM = 50


def main() -> None:
    with container() as pid:
        filters, granted = filters_of(pid), bounding_set(pid)
    version = engine_version()
    known = [each for each in defaults().defaults if version.startswith(each.version)]
    if not known:
        print(f"docker.toml has no facts on Docker {version}.")
        sys.exit(10)
    expected = frozenset(known[0].events())
    found = frozenset(passing(filters, known[0]))
    names = {capability_name(bit) for bit in range(64) if granted >> bit & 1}
    wrong = sorted(map(str, expected ^ found)) + sorted(names ^ {*defaults().capabilities})
    print(json.dumps({"version": version, "passes": len(found), "differences": wrong}))
    sys.exit(10 if wrong else 0)


def engine_version() -> str:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def passing(filters: Sequence[Program], default: Default) -> Iterator[Syscall]:
    """What the filters let through, in the table's terms; a call that they split is split here."""
    for abi in Abi:
        for name, number in tables().syscalls[abi].items():
            answers = {allows(filters, abi, number, each) for each in probes(name)}
            if answers == {True}:
                yield Syscall(name, abi)
            elif len(answers) > 1:
                yield from _classes(filters, Syscall(name, abi), number)


def allows(filters: Sequence[Program], abi: Abi, number: int, arguments: Sequence[int]) -> bool:
    architecture = AUDIT_ARCH_I386 if abi is Abi.I386 else AUDIT_ARCH_X86_64
    number |= X32_BIT if abi is Abi.X32 else 0
    answers = (judge(program, number, arguments, architecture) for program in filters)
    return all(answer & ACTION_MASK == ALLOW for answer in answers)


def probes(call: str) -> Iterator[tuple[int, ...]]:
    """Every small number and every bit in all arguments, and random ones, the same for a name."""
    yield from ((number,) * 6 for number in range(64))
    yield from ((1 << bit,) * 6 for bit in range(64))
    chosen = random.Random(call)  # noqa: S311 - no secret
    yield from (tuple(chosen.getrandbits(64) for _ in range(6)) for _ in range(_RANDOM))


def _classes(filters: Sequence[Program], call: Syscall, number: int) -> Iterator[Syscall]:
    """The classes of one argument that pass; the calls that Docker splits have one that decides."""
    multiplexer = multiplexers()[call.name]
    for name, value in _values(multiplexer):
        arguments = [0] * 6
        arguments[multiplexer.arguments[0].index] = value
        if allows(filters, call.abi, number, arguments):
            yield Syscall(call.name, call.abi, canonical(call.name, name))


def _values(multiplexer: Multiplexer) -> Iterator[tuple[str, int]]:
    (argument,) = multiplexer.arguments
    yield from argument.names.items()
    if multiplexer.has_flags:
        yield PLAIN, 0
    else:
        numbers = {*argument.names.values()}
        pairs = (a | b for a in numbers for b in numbers)
        yield from ((f"{each:#x}", each) for each in sorted({*pairs} - numbers))


if __name__ == "__main__":
    main()
