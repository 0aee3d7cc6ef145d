"""The kernel tests once more, under Linux 6.1: kprobes instead of the tracepoint, cgroup v2."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.guest import Tree
from kernel.guest.session import run_pytest
from kernel.harness import compile_primes

REPOSITORY = Path(__file__).resolve().parents[2]
_TREES = ("pyproject.toml", "src", "tests/kernel")
_PACKAGES = ("pytest", "msgspec", "pyelftools")
_EXPECTED = {"BEACON_EXPECT_RUNG": "kprobe", "BEACON_EXPECT_CGROUP": "2"}
_PATIENCE = 900.0


def _trees(primes: Path) -> Iterator[Tree]:
    yield primes, str(primes)
    for name in _TREES:
        yield REPOSITORY / name, str(REPOSITORY / name)


def _libbpf() -> Path:
    """The library that this host's loader would take."""
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libbpf\.so\.1 .*x86-64.* => (\S+)", known)
    assert found, "libbpf 1.x is not installed: install the package libbpf1"
    return Path(found[1])


def test_kernel_tests_pass_in_the_guest(tmp_path: Path) -> None:
    primes = compile_primes(tmp_path / "primes")
    ended = run_pytest(
        # The folder and a file in it would be the folder alone.
        ["-o", "python_files=test_*.py smoke.py", "tests/kernel"],
        trees=list(_trees(primes)),
        binaries=[_libbpf()],
        packages=_PACKAGES,
        env={**_EXPECTED, "BEACON_PRIMES": str(primes), "PYTHONPATH": str(REPOSITORY / "src")},
        cwd=str(REPOSITORY),
        scratch=tmp_path,
        timeout=_PATIENCE,
    )
    summary = ended.output.splitlines()[-1:] or [""]
    # "12 passed in 3.45s", and nothing else: no failures, errors, skips or missing tests.
    if ended.exit_code or not re.fullmatch(r"[1-9]\d+ passed in .*", summary[0]):
        pytest.fail(f"exit code {ended.exit_code} in the guest:\n{ended.output}", pytrace=False)
