"""Capabilities that are held, not asked for: sets that are installed, files that carry some."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.event import Phase
from beacon.model.observation import Holding, Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Primes, own
from kernel.sums import checks

CARRIER = Path("/tmp/beacon-primes/bin/carrier")
_NET_BIND_SERVICE = 1 << 10
FIVE = {"CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"}


def observe(monitor: KernelMonitor, primes: Primes, part: str) -> Observation:
    with monitor.watch(own("held")) as target:
        primes.run(target, part)
        return target.snapshot()


def held(seen: Observation, *, granted: bool = True) -> dict[tuple[str, str], int]:
    """(capability, way) -> count."""
    return {
        (each.capability.name, str(each.holding)): each.count
        for each in seen.capabilities
        if each.holding and each.granted is granted and each.phase is Phase.START
    }


@pytest.mark.parametrize("part", ["keep-five", "keep-five-of-those-read"])
def test_a_set_of_its_own(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    assert held(observe(monitor, primes, part)) == {(name, "capset"): 1 for name in FIVE}


@pytest.mark.parametrize("part", ["install-all-again", "install-all-but-one"])
def test_what_it_was_given(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    seen = observe(monitor, primes, part)
    assert held(seen) == held(seen, granted=False) == {}


def test_a_raised_capability(monitor: KernelMonitor, primes: Primes) -> None:
    assert held(observe(monitor, primes, "raise-one")) == {("CAP_CHOWN", "capset"): 1}


def test_the_ambient_set(monitor: KernelMonitor, primes: Primes) -> None:
    assert held(observe(monitor, primes, "raise-ambient")) == {
        ("CAP_NET_BIND_SERVICE", "capset"): 1,
        ("CAP_NET_BIND_SERVICE", "ambient"): 1,
    }


def test_demands_in_vain(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "demand-in-vain")
    assert held(seen, granted=False) == {
        ("CAP_CHOWN", "capset"): 1,
        ("CAP_KILL", "ambient"): 1,
    }
    assert held(seen) == {}


def test_setpcap_is_needed_to_inherit_more(monitor: KernelMonitor, primes: Primes) -> None:
    assert held(observe(monitor, primes, "inherit-more")) == {
        ("CAP_KILL", "capset"): 1,
        ("CAP_SETPCAP", "capset"): 1,
    }


@pytest.mark.parametrize("part", ["keep-five", "install-all-again", "raise-one"])
def test_setpcap_is_not_needed_otherwise(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    asked = {name for name, _, _ in checks(observe(monitor, primes, part), Phase.START)}
    assert "CAP_SETPCAP" not in asked


@pytest.mark.parametrize(("part", "granted"), [("map-root", True), ("map-root-lacking", False)])
def test_root_in_a_user_namespace(
    monitor: KernelMonitor, primes: Primes, part: str, *, granted: bool
) -> None:
    seen = observe(monitor, primes, part)
    assert held(seen, granted=granted) == {("CAP_SETFCAP", "root_map"): 1}
    assert held(seen, granted=not granted) == {}


def test_another_user_in_a_user_namespace(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "map-another")
    assert held(seen) == held(seen, granted=False) == {}


@pytest.fixture
def carrier(primes: Primes) -> Iterator[Path]:
    CARRIER.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(primes.path, CARRIER)
    CARRIER.chmod(0o755)
    data = struct.pack("<5I", 0x02000001, _NET_BIND_SERVICE, 0, 0, 0)
    os.setxattr(CARRIER, "security.capability", data)
    yield CARRIER
    shutil.rmtree(CARRIER.parent.parent)


@pytest.mark.parametrize(("part", "granted"), [("carried", True), ("not-carried", False)])
def test_a_file_that_carries_one(
    monitor: KernelMonitor, primes: Primes, carrier: Path, part: str, *, granted: bool
) -> None:
    with monitor.watch(own("held")) as target:
        primes.run(target, part)
        assert target.executed() >= {str(primes.path), str(carrier)}
        seen = target.snapshot({str(carrier): _NET_BIND_SERVICE})
    assert held(seen, granted=granted) == {("CAP_NET_BIND_SERVICE", "file"): 1}
    assert held(seen, granted=not granted) == {}
    (found,) = [each for each in seen.capabilities if each.holding is Holding.FILE]
    assert (found.file, found.call) == (str(carrier), "execve")
