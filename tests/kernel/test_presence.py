"""Every call is counted once, whoever makes it and by whichever door; nothing else is."""

from __future__ import annotations

import pytest

from beacon.model.architecture import Architecture
from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import HERE
from kernel.sums import added, denied, entered, phases

VFORK = "vfork" if HERE is Architecture.AMD64 else "clone"
PLAIN = {"getppid": 101, "getpgid": 13}
EXPECTED: dict[str, dict[str, int]] = {
    "plain": PLAIN,
    "child": {"clone": 1, "getsid": 17, "wait4": 1, "exit_group": 2},
    "grandchild": {"clone": 2, "getsid": 17, "wait4": 2, "exit_group": 3},
    "thread": {"clone": 1, "gettid": 19, "exit": 1},
    "thread-of-child": {
        **{"clone": 2, "gettid": 19, "exit": 1},
        **{"wait4": 1, "exit_group": 2},
    },
    "vforked": {VFORK: 1, "geteuid": 53, "wait4": 1, "exit_group": 2},
    "cloned": {"clone3": 1, "getegid": 59, "wait4": 1, "exit_group": 2},
    "crowd": {"clone": 1000, "wait4": 1000, "exit_group": 1001},
    "storm": {"clone": 4, "getppid": 4 * 20011, "exit": 4},
    "unshared": {"unshare": 1, "getpriority": 23},
    "unnumbered": {},
    "again": {"execve": 1, **PLAIN},
    "thread-becomes": {"clone": 1, "execve": 1, **PLAIN},
    "interrupted": {"rt_sigaction": 1, "setitimer": 1, "nanosleep": 1, "rt_sigreturn": 1},
    "restarted": {
        **{"clone": 1, "nanosleep": 2, "restart_syscall": 1, "kill": 2},
        **{"wait4": 2, "exit_group": 2},
    },
    "mappings": {"mmap": 199, "munmap": 199},
    "native": {"chdir": 67, "set_robust_list": 71, "tkill": 73},
}
if HERE is Architecture.AMD64:
    EXPECTED |= {
        "i386": {"i386:getuid32": 29},
        "x32": {"x32:getpid": 31, "x32:ioctl": 3},
    }
#: Parts of which each leaves the process as it was, and makes nothing that another makes.
SEPARATE = {"plain", "child", "thread", "vforked", "cloned", "i386", "x32"} & EXPECTED.keys()


def observe(
    monitor: KernelMonitor, primes: Primes, *parts: str, launch: Launch | None = None
) -> Observation:
    with monitor.watch(own("presence")) as target:
        primes.run(target, *parts, launch=launch)
        return target.snapshot()


@pytest.mark.parametrize("part", EXPECTED)
def test_calls_are_exactly_those_made(monitor: KernelMonitor, primes: Primes, part: str) -> None:
    seen = observe(monitor, primes, part)
    assert entered(seen, Phase.START) == {"exit_group": 1, **EXPECTED[part]}
    assert entered(seen, Phase.RUNTIME) == {"execve": 1}
    assert phases(seen) == {Phase.RUNTIME, Phase.START}
    assert seen.losses == ()


@pytest.mark.parametrize("part", EXPECTED)
def test_what_fails_by_itself_is_not_denied(
    monitor: KernelMonitor, primes: Primes, part: str
) -> None:
    seen = observe(monitor, primes, part)
    assert [denied(seen, phase) for phase in Phase] == [{}] * len(Phase)


def test_all_parts_together_are_the_sum(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, *SEPARATE)
    alone = [{"exit_group": 1, **EXPECTED[part]} for part in SEPARATE]
    ends = {"exit_group": len(SEPARATE) - 1}
    assert added(entered(seen, Phase.START), ends) == added(*alone)


def test_no_new_privileges_changes_nothing(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "plain", launch=Launch(no_new_privileges=True))
    assert entered(seen, Phase.START) == {**PLAIN, "exit_group": 1}
    assert entered(seen, Phase.RUNTIME) == {"execve": 1}


def test_numbers_that_no_kernel_has(monitor: KernelMonitor, primes: Primes) -> None:
    assert observe(monitor, primes, "unnumbered").unnumbered == 7
    assert observe(monitor, primes, *SEPARATE).unnumbered == 0


def test_without_a_filter_nothing_is_recorded(monitor: KernelMonitor, primes: Primes) -> None:
    parts = ("plain", "child", "thread", "granted", "unnumbered")
    assert observe(monitor, primes, *parts, launch=Launch(filter=None)) == Observation()


def test_time_of_the_first_call(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "plain", "interrupted")
    first = {entry.call.name: entry.first_ns for entry in seen.syscalls}
    assert 0 < first["execve"] < first["getppid"] < first["getpgid"] < first["nanosleep"]
    # The sleep ends after 50 ms.
    assert first["rt_sigreturn"] - first["nanosleep"] > 40_000_000
