"""32-bit arm programs on a 64-bit kernel are counted apart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.event import Abi, Phase
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import ARM_SOURCES, Launch, Primes, compile_primes, own
from kernel.seccomp import Rule
from kernel.sums import denied, entered

#: Where the test program looks for it.
PROGRAM = Path("/tmp/beacon-primes/arm")


@pytest.fixture(autouse=True)
def program() -> Iterator[None]:
    """The 32-bit program; BEACON_PRIMES_ARM names a compiled one where there is no compiler."""
    PROGRAM.parent.mkdir()
    given = os.environ.get("BEACON_PRIMES_ARM")
    if given:
        shutil.copy(given, PROGRAM)
    else:
        compile_primes(PROGRAM, Abi.ARM, ARM_SOURCES)
    yield
    shutil.rmtree(PROGRAM.parent)


def test_its_calls_have_names_of_their_own(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("arm")) as target:
        primes.run(target, "plain", "arm")
        seen = target.snapshot()
    assert entered(seen, Phase.START) == {
        **{"getppid": 101, "getpgid": 13, "execve": 1},
        **{"arm:getuid32": 29, "arm:set_tls": 7, "arm:exit_group": 1},
    }
    assert seen.unnumbered == 0
    assert seen.abis() == {Abi.AARCH64, Abi.ARM}


def test_its_refusals_are_its_own(monitor: KernelMonitor, primes: Primes) -> None:
    rules = (Rule("getuid32", abi=Abi.ARM),)
    with monitor.watch(own("arm")) as target:
        primes.run(target, "arm", "refused", launch=Launch(filter=rules))
        seen = target.snapshot()
    assert denied(seen, Phase.START) == {"arm:getuid32": 29}
    assert entered(seen, Phase.START) == {"execve": 1, "arm:set_tls": 7, "arm:exit_group": 1}
