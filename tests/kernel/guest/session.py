"""Run a pytest session of this very Python in the guest."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .boot import Guest, GuestResult, run_in_guest
from .initramfs import Tree, build_initramfs
from .kernel import DEFAULT_CACHE, fetch_kernel
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
) -> GuestResult:
    """Run pytest in the guest, with these trees, binaries and Python packages (and theirs).

    An exit code other than 0 means what it means to pytest. The timeout counts from the boot.
    Raises GuestError when the guest cannot be built or gives no result.
    """
    initramfs = build_initramfs(
        scratch / "initramfs",
        trees=[*trees, *python_trees(packages)],
        binaries=[*binaries, *python_binaries()],
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    guest = Guest(fetch_kernel(cache), initramfs)
    return run_in_guest(guest, command, scratch=scratch, timeout=timeout, env=env, cwd=cwd)
