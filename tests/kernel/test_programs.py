"""Which files were executed, by where the container saw them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.event import Phase
from beacon.model.observation import Program
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Primes, own

FOLDER = Path("/tmp/beacon-primes")


@pytest.fixture
def folder() -> Iterator[Path]:
    FOLDER.mkdir()
    yield FOLDER
    shutil.rmtree(FOLDER)


def executed(monitor: KernelMonitor, primes: Primes, *parts: str) -> tuple[Program, ...]:
    with monitor.watch(own("programs")) as target:
        primes.run(target, *parts)
        return target.snapshot().programs


def test_a_program_and_how_often(monitor: KernelMonitor, primes: Primes) -> None:
    own_path = str(primes.path)
    assert executed(monitor, primes, "plain") == (Program(own_path, Phase.START, 1),)
    found = executed(monitor, primes, "thread-becomes")
    assert found == (Program(own_path, Phase.START, 2),)


def test_a_file_in_memory(monitor: KernelMonitor, primes: Primes) -> None:
    assert executed(monitor, primes, "executed-memory") == (
        Program(str(primes.path), Phase.START, 1),
        Program("/memfd:in memory", Phase.START, 1),
    )


def test_a_deleted_file(monitor: KernelMonitor, primes: Primes, folder: Path) -> None:
    shutil.copy(primes.path, folder / "deleted")
    found = executed(monitor, primes, "executed-deleted")
    assert found[1:] == (Program(f"{folder}/deleted", Phase.START, 1),)


def test_a_script_is_its_interpreter(monitor: KernelMonitor, primes: Primes, folder: Path) -> None:
    (folder / "bin").mkdir()
    script = folder / "bin" / "carrier"
    interpreter = Path(sys.executable).resolve()
    script.write_text(f"#!{interpreter}\n")
    script.chmod(0o755)
    found = executed(monitor, primes, "carried")
    assert found[1:] == (Program(str(interpreter), Phase.START, 1),)


def test_a_long_path_is_cut(monitor: KernelMonitor, primes: Primes, folder: Path) -> None:
    parts = ["a" * 40, *"bcdefgh"]
    deep = folder.joinpath(*parts, "\x1b[31m\n")
    deep.parent.mkdir(parents=True)
    shutil.copy(primes.path, deep)
    (found,) = executed(monitor, Primes(deep), "plain")
    assert found.path == "/b/c/d/e/f/g/h/\\x1b[31m\\n"
    shallow = folder / ("a" * 40)
    shallow = shallow / "program"
    shutil.copy(primes.path, shallow)
    (found,) = executed(monitor, Primes(shallow), "plain")
    assert found.path == f"{folder}/{'a' * 31}/program"
