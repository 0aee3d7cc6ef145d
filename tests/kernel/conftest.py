"""One monitor and one test program for the whole session. Without root everything here fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.architecture import Architecture
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Primes, compile_primes
from kernel.seccomp import HERE

#: What only the other architecture has.
collect_ignore = ["test_arm64.py" if HERE is Architecture.AMD64 else "test_amd64.py"]


@pytest.fixture(scope="session")
def monitor() -> Iterator[KernelMonitor]:
    """The monitor by the first rung of its ladder that holds on this kernel."""
    monitor = KernelMonitor()
    try:
        yield monitor
    finally:
        monitor.close()


@pytest.fixture(scope="session")
def primes(tmp_path_factory: pytest.TempPathFactory) -> Primes:
    """The test program; BEACON_PRIMES names a compiled one where there is no compiler."""
    given = os.environ.get("BEACON_PRIMES")
    return Primes(
        Path(given) if given else compile_primes(tmp_path_factory.mktemp("primes") / "primes")
    )
