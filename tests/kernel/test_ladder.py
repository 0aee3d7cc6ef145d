"""Which rung of the ladder holds here, and that nothing stays behind."""

from __future__ import annotations

import os

import pytest

from beacon.errors import UnsupportedHostError
from beacon.model.event import Phase
from beacon.monitor.cgroup import ROOT
from beacon.monitor.interface import MonitorUnsupportedError
from beacon.monitor.kernel import KernelMonitor
from beacon.monitor.program import ATTACH_MODES
from kernel.harness import Primes, left_behind, own
from kernel.sums import entered


def test_rung_and_cgroups_are_those_expected(monitor: KernelMonitor) -> None:
    facts = monitor.facts()
    assert facts.rung == os.environ.get("BEACON_EXPECT_RUNG", facts.rung)
    assert str(facts.cgroup_version) == os.environ.get(
        "BEACON_EXPECT_CGROUP", str(facts.cgroup_version)
    )
    assert facts.rung in ATTACH_MODES


def test_no_rung_is_an_unsupported_host() -> None:
    with pytest.raises(MonitorUnsupportedError) as refusal:
        KernelMonitor(rungs=())
    assert isinstance(refusal.value, UnsupportedHostError)


def test_the_other_rung_holds_or_is_refused_with_its_words(monitor: KernelMonitor) -> None:
    other = tuple(rung for rung in ATTACH_MODES if rung != monitor.facts().rung)
    refused = None
    try:
        climbed = KernelMonitor(rungs=other)
    except MonitorUnsupportedError as refusal:
        refused = refusal.diagnostics() or ""
    else:
        climbed.close()
    assert climbed.facts().rung == other[0] if refused is None else other[0] in refused


def test_two_monitors_see_the_same(monitor: KernelMonitor, primes: Primes) -> None:
    other = KernelMonitor()
    try:
        with monitor.watch(own("one")) as one, other.watch(own("two")) as two:
            primes.run(one, "plain")
            primes.run(two, "child")
            assert "getsid" not in entered(one.snapshot(), Phase.START)
            assert "getppid" not in entered(two.snapshot(), Phase.START)
    finally:
        other.close()
        other.close()


def test_nothing_stays_in_the_cgroup_tree(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("tidy")) as target:
        primes.run(target, "plain")
        assert len({path.name for path in left_behind()}) == 1
    assert list(ROOT.glob(f"**/*{own('')}*")) == left_behind() == []
