"""Calls that the filter turned away, and only those, are counted as denied."""

from __future__ import annotations

import pytest

from beacon.model.architecture import Architecture
from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import HERE, REFUSING, Rule
from kernel.sums import denied, entered

REFUSED = {"getitimer": 41, "sysinfo": 43}
OTHERS = {
    "refused": {},
    "refused-child": {"clone": 1, "wait4": 1, "exit_group": 2},
    "refused-thread": {"clone": 1, "exit": 1},
}


def observe(
    monitor: KernelMonitor, primes: Primes, *parts: str, launch: Launch | None = None
) -> Observation:
    with monitor.watch(own("denials")) as target:
        primes.run(target, *parts, launch=launch or Launch(filter=REFUSING))
        return target.snapshot()


@pytest.mark.parametrize("part", OTHERS)
def test_refused_calls(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    seen = observe(monitor, primes, part)
    assert denied(seen, Phase.START) == REFUSED
    assert entered(seen, Phase.START) == {"exit_group": 1, **OTHERS[part]}
    assert denied(seen, Phase.RUNTIME) == {}


def test_refusals_do_not_rub_off(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "alternating")
    assert denied(seen, Phase.START) == {"getitimer": 61, "sysinfo": 122}
    assert entered(seen, Phase.START) == {"getppid": 61, "chdir": 61, "exit_group": 1}


def test_refusals_in_a_signal_handler(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "refused-handler")
    assert denied(seen, Phase.START) == {"getitimer": 3}
    assert entered(seen, Phase.START) == {
        **{"rt_sigaction": 1, "setitimer": 1, "nanosleep": 1, "rt_sigreturn": 1},
        "exit_group": 1,
    }


def test_refused_in_the_runtime(monitor: KernelMonitor, primes: Primes) -> None:
    launch = Launch(filter=(Rule("getegid"),), getegids=47)
    seen = observe(monitor, primes, "plain", launch=launch)
    assert denied(seen, Phase.RUNTIME) == {"getegid": 47}
    assert denied(seen, Phase.START) == {}


def test_forks_return_to_the_child_is_no_denial(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "crowd", "cloned", "vforked", "thread")
    assert denied(seen, Phase.START) == {}
    assert entered(seen, Phase.START)["clone"] == 1001 + (HERE is Architecture.ARM64)


@pytest.mark.parametrize("phase", [Phase.RUNTIME, Phase.START])
def test_filter_that_arrives_while_a_thread_is_blocked(
    monitor: KernelMonitor, primes: Primes, phase: Phase
) -> None:
    # Without a first filter the execve is not the runtime's last call: no filter judged it.
    first = () if phase is Phase.START else None
    launch = Launch(filter=first, second_filter=(Rule("times"),))
    seen = observe(monitor, primes, "synchronised", launch=launch)
    assert denied(seen, phase) == {"times": 79 + 83}
    ends = {"exit": 1, "exit_group": 1}
    before = {"clone": 1, "futex": 1, "nanosleep": 1, "read": 1, "close": 1, "seccomp": 1}
    assert entered(seen, phase) == (ends if first is None else {**before, **ends})


def test_processes_that_are_refused(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "refused")
    names = {entry.call.name: entry.processes for entry in seen.syscalls if entry.denied}
    assert names == {"getitimer": ("primes",), "sysinfo": ("primes",)}
