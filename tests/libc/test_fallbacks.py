"""C libraries under a policy that lacks every call of data/fallbacks.toml: their fallbacks work.

And with EPERM they do not: so the row is needed.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from beacon.data.fallbacks import Seen, fallbacks, not_implemented
from beacon.data.kernel import tables
from beacon.export.seccomp import SeccompExporter
from beacon.model.event import Abi, Syscall
from beacon.model.intent import Intent
from beacon.model.policy import Policy
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run
from unit.export.filters import compiled

ABIS = (Abi.X86_64, Abi.I386)
SOURCES = Path(__file__).parent
FLAGS = ("-O1", "-Wall", "-Wextra", "-Werror", "-pthread")
COMPILERS = {
    "glibc": ("gcc",),
    "musl": ("musl-gcc", "-static"),
    "i386": ("gcc", "-m32", "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"),
}
ACCEPT = (
    "import socket as s; l = s.socket(s.AF_UNIX); l.bind(''); l.listen(); c = s.socket(s.AF_UNIX); "
    "c.connect(l.getsockname()); l.accept()"
)

#: Functions that make a call of the table, by who has them.
NEEDS = {
    "glibc": {
        "fexecve": "execveat",
        "posix_spawn": "clone3",
        "system": "clone3",
        "pthread_create": "clone3",
        "faccessat": "faccessat2",
        "preadv2": "preadv2",
        "pwritev2": "pwritev2",
        "statx": "statx",
        "arc4random": "getrandom",
    },
    "musl": {
        "fexecve": "execveat",
        "faccessat": "faccessat2",
        "pipe2": "pipe2",
        "posix_spawn": "pipe2",
        "popen": "pipe2",
        "dup3": "dup3",
        "accept4": "accept4",
        "epoll_wait": "epoll_pwait",
    },
    "i386": {
        "fexecve": "execveat",
        "pthread_create": "clone3",
        "nothing": "statx",
        "timer_settime": "timer_settime64",
        "timerfd_settime": "timerfd_gettime64",
    },
}
#: Functions that do so in other versions only, or go on after EPERM.
WORK = {
    "glibc": ("fchmodat", "stat", "closefrom"),
    "musl": ("fchmodat", "stat", "pwrite", "system", "pthread_create"),
    "i386": ("fchmodat", "stat", "clock_gettime", "clock_getres", "posix_spawn"),
}
#: Other programs of this machine.
COMMANDS = {
    "mv": (("mv", "old", "new"), "renameat2"),
    "os.dup2": ((sys.executable, "-c", "import os; os.dup2(2, 100, False)"), "dup3"),
    "socket.accept": ((sys.executable, "-c", ACCEPT), "accept4"),
}


@dataclass(frozen=True)
class Programs:
    directory: Path

    def fails(self, filter_: bytes, *command: str) -> bool:
        """Whether a command fails under the filter, in a directory with a file `old`."""
        (self.directory / "old").touch()
        (self.directory / "new").unlink(missing_ok=True)
        words = [str(self.directory / "under"), *command]
        done = subprocess.run(
            words, input=filter_, capture_output=True, cwd=self.directory, timeout=60, check=False
        )
        assert done.returncode not in (2, 3), done.stderr.decode()
        return done.returncode != 0


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    out = tmp_path_factory.mktemp("libc")
    for name, compiler in COMPILERS.items():
        command = (*compiler, *FLAGS, "-o", str(out / name), str(SOURCES / "calls.c"))
        subprocess.run(command, check=True)
    under = (str(out / "under"), str(SOURCES / "under.c"))
    subprocess.run(("gcc", *FLAGS, "-o", *under), check=True)
    return Programs(out)


def policy(*lacking: str, deny: tuple[Syscall, ...] = ()) -> Policy:
    """One that allows every call but these and what always is left out."""
    left_out = {*lacking, "socketcall", "ipc"}
    counts = (
        call(name, abi=abi) for abi in ABIS for name in tables().syscalls[abi].keys() - left_out
    )
    return synthesize(profile(run(*counts)), Intent(security=0, deny=deny))


def document_of(policy: Policy) -> dict[str, Any]:
    document = json.loads(SeccompExporter().render(policy))
    assert isinstance(document, dict)
    return document


def calls_under_test() -> set[str]:
    """The calls whose absence is tested here."""
    names = {name for functions in NEEDS.values() for name in functions.values()}
    return names | {name for _, name in COMMANDS.values()}


@cache
def without_all() -> bytes:
    """The filter of a policy that has none of the calls with a fallback."""
    lacking = policy(*not_implemented((), ABIS))
    assert calls_under_test() <= {*lacking.not_implemented}
    return compiled(document_of(lacking))


@cache
def with_eperm(name: str) -> bytes:
    """The filter of a policy that lacks one call, if the table were not there."""
    lacking = policy(deny=tuple(Syscall(name, abi) for abi in ABIS))
    assert name in lacking.not_implemented
    document = document_of(lacking)
    denied = document["syscalls"].pop()
    assert denied["errnoRet"] == errno.ENOSYS
    denied["names"].remove(name)
    document["syscalls"].append(denied)
    return compiled(document)


def command_of(libc: str, function: str) -> tuple[str, ...]:
    return (f"./{libc}", function)


NEEDED = [
    pytest.param(command_of(libc, function), name, id=f"{libc}-{function}")
    for libc, functions in NEEDS.items()
    for function, name in functions.items()
] + [pytest.param(command, name, id=label) for label, (command, name) in COMMANDS.items()]


@pytest.mark.parametrize(("command", "name"), NEEDED)
def test_the_fallback_works_and_needs_enosys(
    programs: Programs, command: tuple[str, ...], name: str
) -> None:
    assert not programs.fails(without_all(), *command)
    assert programs.fails(with_eperm(name), *command)


@pytest.mark.parametrize(
    "command", [command_of(libc, function) for libc, names in WORK.items() for function in names]
)
def test_the_fallback_works(programs: Programs, command: tuple[str, ...]) -> None:
    assert not programs.fails(without_all(), *command)


def test_the_table_says_what_is_tested_here() -> None:
    said = {
        name
        for each in fallbacks()
        if any(caller.seen is Seen.TEST for caller in each.callers)
        for name in each.calls
    }
    # One of several calls of a row stands for them.
    assert calls_under_test() <= said
    assert all(
        calls_under_test() & each.calls.keys() for each in fallbacks() if said & each.calls.keys()
    )
