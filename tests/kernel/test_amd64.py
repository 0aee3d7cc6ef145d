"""The doors that x86-64 has besides its own: i386, x32, and the vsyscall page, which is unseen."""

from __future__ import annotations

import pytest

from beacon.model.event import Abi, Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import PUNISHING, REFUSING, Rule
from kernel.sums import checks, denied, entered, killed, trapped


def observe(
    monitor: KernelMonitor, primes: Primes, *parts: str, rules: tuple[Rule, ...] = PUNISHING
) -> Observation:
    with monitor.watch(own("amd64")) as target:
        primes.run(target, *parts, launch=Launch(filter=rules))
        return target.snapshot()


@pytest.mark.parametrize(
    ("part", "abi", "counts"),
    [
        ("punished-i386", "i386:", (5, 13, 23)),
        ("punished-x32", "x32:", (7, 17, 29)),
    ],
)
def test_signals_by_each_abi(
    monitor: KernelMonitor, primes: Primes, part: str, abi: str, counts: tuple[int, int, int]
) -> None:
    seen = observe(monitor, primes, part)
    assert killed(seen, Phase.START) == {f"{abi}getitimer": counts[0]}
    assert trapped(seen, Phase.START) == {f"{abi}sysinfo": counts[1]}
    assert denied(seen, Phase.START) == {f"{abi}times": counts[2]}
    assert entered(seen, Phase.START) == {
        **{"clone": counts[0], "wait4": counts[0]},
        **{"rt_sigaction": 1, "rt_sigreturn": counts[1], "exit_group": 1},
    }


def test_all_abis_at_once(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "punished", "punished-i386", "punished-x32", "plain")
    assert killed(seen, Phase.START) == {"getitimer": 3, "i386:getitimer": 5, "x32:getitimer": 7}
    assert trapped(seen, Phase.START) == {"sysinfo": 11, "i386:sysinfo": 13, "x32:sysinfo": 17}
    assert denied(seen, Phase.START) == {"times": 19, "i386:times": 23, "x32:times": 29}


def test_refused_by_the_32_bit_door(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "i386", "refused-i386", rules=REFUSING)
    assert denied(seen, Phase.START) == {"i386:getuid": 47}
    assert entered(seen, Phase.START) == {"i386:getuid32": 29, "exit_group": 1}


def test_no_check_at_all(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "i386", rules=())
    assert [checks(seen, phase) for phase in Phase] == [{}] * len(Phase)


def test_failures_of_other_abis_are_counted(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "x32", "i386", "native", rules=())
    failed = {(entry.call.abi, entry.call.name): entry.failed for entry in seen.syscalls}
    # This machine's kernel may have x32 or not: all of its calls succeed, or all of them fail.
    assert failed.pop((Abi.X32, "getpid")) in (0, 31)
    assert failed.pop((Abi.X32, "ioctl")) == 3
    assert set(failed.values()) == {0}
    assert Abi.I386 in seen.abis()


@pytest.mark.parametrize(
    ("part", "rules"), [("by-vsyscall", ()), ("refused-by-vsyscall", (Rule("time"),))]
)
def test_no_tracepoint_shows_vsyscalls(
    monitor: KernelMonitor, primes: Primes, part: str, rules: tuple[Rule, ...]
) -> None:
    # A blind spot: so every policy allows them (data/implied_syscalls.toml).
    seen = observe(monitor, primes, part, rules=rules)
    assert entered(seen, Phase.START) == {"exit_group": 1}
    assert denied(seen, Phase.START) == {}
