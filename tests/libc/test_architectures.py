"""One program for both architectures: what data/architectures.toml expects is what it makes.

Emulated, so that one machine runs both; the emulator lists the calls.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from beacon.data.architectures import made_on
from beacon.data.kernel import tables
from beacon.model.architecture import Architecture
from beacon.model.event import Syscall
from kernel.guest.cross import COMPILERS

SOURCE = Path(__file__).with_name("elsewhere.c")
FUNCTIONS = re.findall(r"\tPART\((\w+),", SOURCE.read_text())
EMULATORS = {Architecture.AMD64: "qemu-x86_64", Architecture.ARM64: "qemu-aarch64"}
_FLAGS = (
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-result",
    "-Wno-deprecated-declarations",
)
#: The emulator lists neither the program's own execve nor lines of several processes one by one.
_CALL = re.compile(r"\d+ (\w+)\(")
_OWN = frozenset({"execve"})
#: Lines of two processes may run into each other: that hides a name, or makes one up (`0wait4`).
_RUNS = 3


@dataclass(frozen=True)
class Program:
    """The program for an architecture, in a directory of its own."""

    directory: Path
    architecture: Architecture

    @cache  # noqa: B019 - as many as there are functions
    def calls(self, function: str) -> frozenset[str]:
        """The calls by which the function differs from a program that does nothing."""
        nothing = frozenset() if function == "nothing" else self.calls("nothing")
        runs = (self._run(function) for _ in range(_RUNS))
        return frozenset[str]().union(*runs) - nothing

    def _run(self, function: str) -> frozenset[str]:
        words = [EMULATORS[self.architecture], "-strace", "./program", function]
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.directory, timeout=60)
        assert done.returncode == 0, done.stderr
        listed = _CALL.findall(done.stderr)
        found = frozenset(listed) & tables().syscalls[self.architecture.native].keys()
        assert found, done.stderr
        return found | _OWN


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[Architecture, Program]:
    return {each: compiled(each, tmp_path_factory.mktemp(each)) for each in Architecture}


def compiled(architecture: Architecture, directory: Path) -> Program:
    compiler = COMPILERS[architecture.native]
    command = (*compiler, "-static", *_FLAGS, "-o", str(directory / "program"), str(SOURCE))
    subprocess.run(command, check=True)
    (directory / "old").touch()
    program = Program(directory, architecture)
    for function in FUNCTIONS:
        program.calls(function)
    return program


def expected(calls: frozenset[str], here: Architecture, there: Architecture) -> Iterator[str]:
    for name in calls:
        yield from (m.call.name for m in made_on(Syscall(name, here.native), there.native))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("here", Architecture)
def test_what_is_made_elsewhere_is_expected(
    programs: dict[Architecture, Program], here: Architecture, function: str
) -> None:
    (there,) = set(Architecture) - {here}
    seen, made = (programs[each].calls(function) for each in (here, there))
    assert made <= set(expected(seen, here, there)), (seen, made)


def test_the_functions_are_those_that_differ(programs: dict[Architecture, Program]) -> None:
    """Or the test above would hold of any table."""
    different = [f for f in FUNCTIONS if len({each.calls(f) for each in programs.values()}) > 1]
    assert len(different) >= 20, different
