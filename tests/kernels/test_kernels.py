"""The kernel tests under every kernel that Debian's archive has, and what each of them offers."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hatch_build import MACHINE, compile_bpf

from kernel.guest import GuestResult, Tree
from kernel.guest.debian import Release
from kernel.guest.kernel import KernelPackage
from kernel.guest.session import run_pytest
from kernel.harness import ARM_SOURCES, compile_primes
from kernels.table import Row, add_row

REPOSITORY = Path(__file__).resolve().parents[2]
_TESTS = "tests/kernel"
_REFUSED = f"{_TESTS}/guest/refused.py"
#: Beside the folder, pytest would take a file in it for named twice, and leave it out.
_FILES = "python_files=test_*.py smoke.py"
_TREES = ("pyproject.toml", "src", "tests/kernel")
_PACKAGES = ("pytest", "msgspec", "pyelftools")
_PATIENCE = 1800.0
#: The machine's name as `uname -m` says it.
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Kernel:
    """A release's kernel, with what is expected of it; without a rung it is too old.

    No version: whatever is the newest.
    """

    package: KernelPackage
    version: str
    rung: str | None

    def __str__(self) -> str:
        return f"{self.version or 'newest'}-{self.package.release.architecture}"


def kernel(suite: str, architecture: str, version: str, rung: str | None) -> Kernel:
    return Kernel(KernelPackage(Release(suite, architecture)), version, rung)


KERNELS = (
    kernel("bullseye", "amd64", "5.10", None),
    kernel("bookworm", "amd64", "6.1", "kprobe"),
    kernel("trixie", "amd64", "6.12", "kprobe"),
    kernel("sid", "amd64", "", "tracepoint"),
    kernel("bookworm", "arm64", "6.1", "kprobe"),
    kernel("trixie", "arm64", "6.12", "kprobe"),
)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each architecture the kernel program and the test programs."""
    out = tmp_path_factory.mktemp("programs")
    patch = pytest.MonkeyPatch()
    for architecture, machine in _MACHINES.items():
        (out / architecture).mkdir()
        compile_primes(out / architecture / "primes", machine)
        patch.setenv(MACHINE, machine)
        compile_bpf(REPOSITORY, out / architecture / "beacon.bpf.o")
    patch.undo()
    compile_primes(out / "arm64" / "arm", "arm", ARM_SOURCES)
    return out


def _trees(programs: Path) -> Iterator[Tree]:
    """The first of two trees for a path wins: the architecture's own kernel program."""
    monitor = REPOSITORY / "src" / "beacon" / "monitor" / "beacon.bpf.o"
    yield programs / "beacon.bpf.o", str(monitor)
    yield programs, "/programs"
    for name in _TREES:
        yield REPOSITORY / name, str(REPOSITORY / name)


def _libbpf(architecture: str) -> Sequence[Path]:
    """The library that this host's loader would take; another architecture's is among its trees."""
    if architecture != "amd64":
        return ()
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libbpf\.so\.1 .*x86-64.* => (\S+)", known)
    assert found, "libbpf 1.x is not installed: install the package libbpf1"
    return [Path(found[1])]


def _run(which: Kernel, programs: Path, scratch: Path) -> GuestResult:
    architecture = which.package.release.architecture
    expected = {"BEACON_EXPECT_CGROUP": "2", "BEACON_EXPECT_KERNEL": which.version}
    if which.rung:
        expected["BEACON_EXPECT_RUNG"] = which.rung
    return run_pytest(
        ["-o", _FILES, _TESTS] if which.rung else [_REFUSED],
        trees=list(_trees(programs / architecture)),
        binaries=_libbpf(architecture),
        packages=_PACKAGES,
        env={
            **expected,
            "BEACON_PRIMES": "/programs/primes",
            "BEACON_PRIMES_ARM": "/programs/arm",
            "PYTHONPATH": str(REPOSITORY / "src"),
        },
        cwd=str(REPOSITORY),
        scratch=scratch,
        timeout=_PATIENCE,
        kernel=which.package,
    )


@pytest.mark.parametrize("which", KERNELS, ids=str)
def test_kernel_tests_pass(which: Kernel, programs: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    ended = _run(which, programs, tmp_path)
    lines = ended.output.splitlines() or [""]
    release = re.search(r"^kernel (\S+)", ended.output, re.MULTILINE)
    # "12 passed in 3.45s", and nothing else: no failures, errors, skips or missing tests.
    passed = not ended.exit_code and re.fullmatch(r"([1-9]\d*) passed in .*", lines[-1])
    add_row(
        Row(
            architecture=which.package.release.architecture,
            kernel=release[1] if release else which.version,
            capabilities=which.rung or "refused, in a sentence: too old",
            result=f"{passed[1]} tests passed" if passed else lines[-1],
            seconds=time.monotonic() - began,
        )
    )
    if not passed:
        pytest.fail(f"exit code {ended.exit_code} in the guest:\n{ended.output}", pytrace=False)
