"""The filters that are compared, as the kernel holds them for a container."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import BenchError, docker

from beacon.data.kernel import tables
from beacon.model.event import Abi
from classic_bpf import (
    ALLOW,
    FIRST_ARGUMENT,
    LOAD,
    RETURN,
    Program,
    answered_at_once,
    encode,
    may_allow,
    run,
)
from kernel_filters import filters_of

_IMAGE = f"beacon-bench-calls:{os.getpid()}"
_SECONDS = 60
_LABEL = "beacon.test=bench"
#: Looks at an argument and lets every call through.
_LOOK = ((LOAD, 0, 0, FIRST_ARGUMENT), (RETURN, 0, 0, ALLOW))


@dataclass(frozen=True)
class Filters:
    """What judges the calls of one variant: no program, or those that a runtime installed."""

    key: str
    programs: tuple[Program, ...]  # the one that was installed first is the first

    @property
    def instructions(self) -> int:
        return sum(map(len, self.programs))

    def at_once(self) -> list[str]:
        """The x86-64 calls that pass without a run of a filter."""
        return [name for name, number in _numbers() if self._all(answered_at_once, number)]

    def conditional(self) -> list[str]:
        """Those that pass after a look at their arguments, if they do."""
        at_once = {*self.at_once()}
        return [
            name
            for name, number in _numbers()
            if name not in at_once and self._all(may_allow, number)
        ]

    def steps(self, call: str, arguments: Sequence[int]) -> int:
        """The instructions that run for a call; 0 where the kernel's bitmap answers."""
        number = tables().syscalls[Abi.X86_64][call]
        if self._all(answered_at_once, number):
            return 0
        return sum(run(program, number, arguments).steps for program in self.programs)

    def without_bitmap(self) -> Filters:
        """The same, but the kernel runs them for every call; no filters stay none.

        The bitmap has the calls that each filter allows without a look at their arguments.
        """
        return Filters(self.key, (_LOOK, *self.programs)) if self.programs else self

    def write(self, directory: Path) -> list[Path]:
        """A file for each program, for `calls` to install."""
        files = []
        for index, program in enumerate(self.programs):
            files.append(directory / f"{self.key}.{index}.bpf")
            files[-1].write_bytes(encode(program))
        return files

    def _all(self, test: Callable[[Program, int], bool], number: int) -> bool:
        return all(test(program, number) for program in self.programs)


def _numbers() -> list[tuple[str, int]]:
    return sorted(tables().syscalls[Abi.X86_64].items())


@contextmanager
def holder(program: Path) -> Iterator[str]:
    """An image with nothing but a program that waits; removed at the end."""
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(program, "calls")
        archive.seek(0)
        docker("import", "--change", 'ENTRYPOINT ["/calls"]', "-", _IMAGE, stdin=archive)
    try:
        yield _IMAGE
    finally:
        subprocess.run(["docker", "rmi", "--force", _IMAGE], capture_output=True)


def installed(image: str, profile: Path | None) -> tuple[Program, ...]:
    """What the runtime installs for a profile, or for the engine's default.

    BenchError where the container does not start under it.
    """
    seccomp = ["--security-opt", f"seccomp={profile}"] if profile else []
    options = ["--detach", "--interactive", "--network", "none", "--label", _LABEL, *seccomp]
    name = docker("run", *options, image).strip()
    try:
        found = _settled(int(docker("inspect", "--format", "{{.State.Pid}}", name)))
    except OSError:
        raise BenchError(
            f"A program that only waits ends under {profile or 'the default'}."
        ) from None
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)
    if not found:
        raise BenchError(f"The engine installs no filter under {profile or 'its default'}.")
    return found


def _settled(pid: int) -> tuple[Program, ...]:
    """The filters once the runtime has handed over to the program: it may install them late."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if Path(f"/proc/{pid}/comm").read_text() == "calls\n":
            return tuple(reversed(filters_of(pid)))
        time.sleep(0.01)
    raise BenchError(f"The container's program did not start within {_SECONDS} s.")
