"""Runs the test program in a target as a container runtime would, and sums up what was seen."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beacon.monitor.cgroup import find_hierarchy, leftovers
from beacon.monitor.interface import Target

from .guest.cross import COMPILERS
from .seccomp import HERE, RECORDING, Rule, assemble

SOURCES = Path(__file__).with_name("primes")
#: A 32-bit program for 64-bit arm.
ARM_SOURCES = Path(__file__).with_name("arm")
_FLAGS = (
    *("-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib", "-static"),
    *("-fno-stack-protector", "-fno-pie", "-no-pie"),
)
#: Where the part "synchronised" finds the filter that it installs itself.
_SECOND_FILTER = 200
_PATIENCE = 60.0


def compile_primes(out: Path, abi: str = HERE.native, sources: Path = SOURCES) -> Path:
    """Compile the test program for an ABI; returns `out`."""
    files = sorted(str(source) for source in sources.glob("*.c"))
    subprocess.run([*COMPILERS[abi], *_FLAGS, "-o", str(out), *files], check=True)
    return out


@dataclass(frozen=True)
class Launch:
    """How the test program comes into its cgroup and under its filter."""

    filter: tuple[Rule, ...] | None = RECORDING
    second_filter: tuple[Rule, ...] | None = None
    no_new_privileges: bool = False
    getegids: int = 0  # calls between the filter and the execve, as a runtime makes some
    chroots: int = 0
    below: str = ""  # a child cgroup of the target's
    born_inside: bool = False  # by clone3, which only cgroup v2 has


@dataclass(frozen=True)
class Primes:
    """The compiled test program."""

    path: Path

    def run(self, target: Target | None, *parts: str, launch: Launch | None = None) -> None:
        """Run these parts to their end; each is known to have done what it says."""
        with self.started(target, *parts, launch=launch) as process:
            assert process.wait(_PATIENCE) == 0, parts

    @contextmanager
    def started(
        self, target: Target | None, *parts: str, launch: Launch | None = None
    ) -> Iterator[Running]:
        """Start these parts; whatever still runs at the end is killed."""
        launch = launch or Launch()
        with _filters(launch) as (number, descriptors):
            argv = self._argv(target, number, launch)
            process = subprocess.Popen(
                [*argv, *parts],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=descriptors,
            )
        with process:
            try:
                yield Running(process)
            finally:
                process.kill()

    def _argv(self, target: Target | None, number: str, launch: Launch) -> list[str]:
        procs = "-"
        if target:
            cgroup = cgroup_of(target) / launch.below
            procs = f"+{cgroup}" if launch.born_inside else str(cgroup / "cgroup.procs")
        privileges = "no-new-privileges" if launch.no_new_privileges else "-"
        counts = (str(launch.getegids), str(launch.chroots))
        return [str(self.path), "launch", procs, number, privileges, *counts]


@dataclass(frozen=True)
class Running:
    """A test program that was started."""

    process: subprocess.Popen[bytes] = field(repr=False)

    def wait(self, timeout: float) -> int:
        """Its exit code."""
        return self.process.wait(timeout)

    def ready(self) -> None:
        """Wait until the part "turn" waits for its turn."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        # It has yet to go to sleep in its read, which belongs to the phase before.
        until(lambda: self._state() == "S")

    def go_on(self) -> None:
        """Let the part "turn" end."""
        assert self.process.stdin is not None
        self.process.stdin.write(b".")
        self.process.stdin.flush()

    def _state(self) -> str:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2][0]


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def own(name: str) -> str:
    """A target's name that no other session on this host uses."""
    return f"{name}-{os.getpid()}"


def left_behind() -> list[Path]:
    """What is left of this session's targets."""
    return [path for path in leftovers(find_hierarchy()) if path.name.endswith(own(""))]


def cgroup_of(target: Target) -> Path:
    """The directory in which the monitor knows the target."""
    return find_hierarchy().identity / target.cgroup_parent.lstrip("/")


@contextmanager
def _filters(launch: Launch) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The first filter's descriptor as the launcher's argument, and all to be inherited."""
    opened: list[int] = []
    try:
        number = "-"
        if launch.filter is not None:
            opened.append(_stored(launch.filter))
            number = str(opened[0])
        if launch.second_filter is not None:
            stored = _stored(launch.second_filter)
            opened += [stored, os.dup2(stored, _SECOND_FILTER)]
        yield number, tuple(opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _stored(rules: tuple[Rule, ...]) -> int:
    descriptor = os.memfd_create("filter")
    os.write(descriptor, assemble(rules))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
