"""A kernel that is too old is refused in one sentence, for pytest inside the guest."""

from __future__ import annotations

import os

import pytest

from beacon.monitor.cgroup import find_hierarchy, leftovers
from beacon.monitor.interface import MonitorUnsupportedError
from beacon.monitor.kernel import KernelMonitor


def test_kernel_is_the_fetched_one(capsys: pytest.CaptureFixture[str]) -> None:
    release = os.uname().release
    with capsys.disabled():
        print(f"\nkernel {release}")
    assert release.startswith(os.environ["BEACON_EXPECT_KERNEL"])


def test_it_says_which_kernel_it_needs() -> None:
    with pytest.raises(MonitorUnsupportedError, match=r"Linux 5\.15 or newer") as refused:
        KernelMonitor()
    assert "\n" not in str(refused.value)
    assert refused.value.diagnostics()


def test_nothing_stays_behind() -> None:
    assert leftovers(find_hierarchy()) == []
