"""Run a pytest session of this very Python in the guest."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .boot import Guest, GuestResult, run_in_guest
from .foreign import INTERPRETER, foreign_trees
from .initramfs import Tree, build_initramfs
from .kernel import DEFAULT_CACHE, DEFAULT_KERNEL, KernelPackage, fetch_kernel
from .machine import AMD64, MACHINES
from .python import python_binaries, python_trees


def run_pytest(
    arguments: Sequence[str],
    *,
    trees: Sequence[Tree],
    scratch: Path,
    timeout: float,
    binaries: Sequence[Path] = (),
    packages: Sequence[str] = ("pytest",),
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
    cache: Path = DEFAULT_CACHE,
    kernel: KernelPackage = DEFAULT_KERNEL,
) -> GuestResult:
    """Run pytest in the guest, with these trees, binaries and Python packages (and theirs).

    On another architecture than this one it is Debian's Python, and the trees hold the libraries.
    An exit code other than 0 means what it means to pytest. The timeout counts from the boot.
    Raises GuestError when the guest cannot be built or gives no result.
    """
    machine = MACHINES[kernel.release.architecture]
    interpreter = sys.executable if machine is AMD64 else INTERPRETER
    if machine is AMD64:
        python, programs = python_trees(packages), python_binaries()
    else:
        python, programs = foreign_trees(machine.architecture, packages, cache), []
    initramfs = build_initramfs(
        scratch / "initramfs",
        trees=[*trees, *python],
        binaries=[*binaries, *programs],
        machine=machine,
    )
    command = [interpreter, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    guest = Guest(fetch_kernel(cache, kernel), initramfs, machine=machine)
    return run_in_guest(guest, command, scratch=scratch, timeout=timeout, env=env, cwd=cwd)
