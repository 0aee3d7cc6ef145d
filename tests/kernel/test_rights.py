"""Capability checks: which right, in which call and phase, granted or not, and whose."""

from __future__ import annotations

import pytest

from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.sums import checks, foreign_checks, noise, phases

GRANTED = ("CAP_SYS_CHROOT", "chroot", True)
LACKING = ("CAP_SYS_CHROOT", "chroot", False)


def observe(
    monitor: KernelMonitor, primes: Primes, *parts: str, launch: Launch | None = None
) -> Observation:
    with monitor.watch(own("rights")) as target:
        primes.run(target, *parts, launch=launch)
        return target.snapshot()


@pytest.mark.parametrize("part", ["granted", "granted-in-child", "granted-in-thread"])
def test_granted(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    seen = observe(monitor, primes, part)
    assert checks(seen, Phase.START) == {GRANTED: 7}
    assert checks(seen, Phase.RUNTIME) == {}
    assert foreign_checks(seen, Phase.START) == {}


def test_lacking(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "granted", "lacking")
    assert checks(seen, Phase.START) == {GRANTED: 7, LACKING: 37}
    setpcap = sum(each.count for each in noise(seen) if each.call == "capset")
    assert setpcap or None in from_commoncap(monitor, 1)
    assert seen.denied() == frozenset()


def from_commoncap(monitor: KernelMonitor, count: int) -> set[int | None]:
    """How often a check may have been seen whose caller stands in security/commoncap.c.

    Compilers inline cap_capable into its neighbours, and no kprobe is hit there.
    """
    return {count, None} if monitor.facts().rung == "kprobe" else {count}


def test_rights_of_the_runtime_are_apart(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "granted", launch=Launch(chroots=3))
    assert checks(seen, Phase.RUNTIME) == {GRANTED: 3}
    assert checks(seen, Phase.START) == {GRANTED: 7}


def test_rights_of_a_new_user_namespace_are_foreign(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "foreign", "granted")
    assert foreign_checks(seen, Phase.START) == {GRANTED: 5}
    assert checks(seen, Phase.START) == {GRANTED: 7}


def test_rights_over_a_new_user_namespace_are_foreign(
    monitor: KernelMonitor, primes: Primes
) -> None:
    seen = observe(monitor, primes, "over-foreign")
    assert foreign_checks(seen, Phase.START)[("CAP_SYS_ADMIN", "unshare", True)] >= 1
    assert checks(seen, Phase.START) == {}


def test_unsharing_needs_a_right(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "unshared")
    assert checks(seen, Phase.START)[("CAP_SYS_ADMIN", "unshare", True)] >= 1


def test_kernel_workers_ask_for_the_container(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "by-worker")
    own = {key: count for key, count in checks(seen, Phase.START).items() if "DAC" in key[0]}
    assert own == {("CAP_DAC_READ_SEARCH", None, True): 11}
    assert phases(seen) == {Phase.RUNTIME, Phase.START}


def test_mapping_memory_is_noise(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "mappings")
    assert checks(seen, Phase.START) == checks(seen, Phase.RUNTIME) == {}
    asked: dict[str, int] = {}
    for check in noise(seen):
        if check.call == "mmap":
            name = check.capability.name
            asked[name] = asked.get(name, 0) + check.count
    assert asked.pop("CAP_SYS_ADMIN", None) in from_commoncap(monitor, 199)
    assert asked == {}


@pytest.mark.parametrize(
    ("part", "capability", "call", "decisive", "idle"),
    [
        # A kernel that cannot suspend the machine does not ask.
        ("wake-up", "CAP_BLOCK_SUSPEND", "epoll_ctl", 0, {0, 11}),
        ("raise-score", "CAP_SYS_RESOURCE", "write", 0, {7}),
        # What is refused is not asked again.
        ("lower-score", "CAP_SYS_RESOURCE", "write", 1, {0, 1}),
    ],
)
def test_questions_without_a_consequence(
    monitor: KernelMonitor,
    primes: Primes,
    part: str,
    capability: str,
    call: str,
    decisive: int,
    idle: set[int],
) -> None:
    seen = observe(monitor, primes, part)
    asked = checks(seen, Phase.START)
    assert sum(asked.get((capability, call, granted), 0) for granted in (True, False)) == decisive
    asked_in_vain = (c for c in noise(seen) if (c.capability.name, c.call) == (capability, call))
    assert sum(check.count for check in asked_in_vain) in idle


def test_callers_are_named(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "granted")
    callers = {check.callers for check in seen.capabilities if check.call == "chroot"}
    assert len(callers) == 1
    assert "sys_chroot" in callers.pop()[0]


def test_no_check_at_all(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "plain", "child", "thread")
    assert [checks(seen, phase) for phase in Phase] == [{}] * len(Phase)
    assert [foreign_checks(seen, phase) for phase in Phase] == [{}] * len(Phase)
