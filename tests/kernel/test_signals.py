"""What a filter answers with a signal, or with the end of a thread or process, is counted."""

from __future__ import annotations

import pytest

from beacon.model.event import Abi, Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import KILL_PROCESS, KILL_THREAD, TRAP, Rule
from kernel.sums import denied, entered, killed, trapped

PUNISHING = tuple(
    rule
    for abi in Abi
    for rule in (
        Rule("getitimer", 0, abi, KILL_PROCESS),
        Rule("sysinfo", 0, abi, TRAP),
        Rule("times", abi=abi),
    )
)


def observe(
    monitor: KernelMonitor,
    primes: Primes,
    *parts: str,
    rules: tuple[Rule, ...] = PUNISHING,
) -> Observation:
    with monitor.watch(own("signals")) as target:
        primes.run(target, *parts, launch=Launch(filter=rules))
        return target.snapshot()


@pytest.mark.parametrize(
    ("part", "abi", "counts"),
    [
        ("punished", "", (3, 11, 19)),
        ("punished-i386", "i386:", (5, 13, 23)),
        ("punished-x32", "x32:", (7, 17, 29)),
    ],
)
def test_by_each_abi(
    monitor: KernelMonitor, primes: Primes, part: str, abi: str, counts: tuple[int, int, int]
) -> None:
    seen = observe(monitor, primes, part)
    assert killed(seen, Phase.START) == {f"{abi}getitimer": counts[0]}
    assert trapped(seen, Phase.START) == {f"{abi}sysinfo": counts[1]}
    assert denied(seen, Phase.START) == {f"{abi}times": counts[2]}
    assert entered(seen, Phase.START) == {
        **{"fork": counts[0], "wait4": counts[0]},
        **{"rt_sigaction": 1, "rt_sigreturn": counts[1], "exit_group": 1},
    }


def test_all_abis_at_once(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "punished", "punished-i386", "punished-x32", "plain")
    assert killed(seen, Phase.START) == {"getitimer": 3, "i386:getitimer": 5, "x32:getitimer": 7}
    assert trapped(seen, Phase.START) == {"sysinfo": 11, "i386:sysinfo": 13, "x32:sysinfo": 17}
    assert denied(seen, Phase.START) == {"times": 19, "i386:times": 23, "x32:times": 29}


def test_threads_end_without_a_signal(monitor: KernelMonitor, primes: Primes) -> None:
    rules = (Rule("getitimer", 0, action=KILL_THREAD),)
    seen = observe(monitor, primes, "killed-threads", rules=rules)
    assert killed(seen, Phase.START) == {"getitimer": 4}
    assert trapped(seen, Phase.START) == denied(seen, Phase.START) == {}
    assert entered(seen, Phase.START) == {"clone": 4, "exit_group": 1}


@pytest.mark.parametrize("action", [KILL_PROCESS, KILL_THREAD])
def test_the_last_thread_ends_its_process(
    monitor: KernelMonitor, primes: Primes, action: int
) -> None:
    rules = (Rule("getitimer", 0, action=action), *PUNISHING[1:])
    seen = observe(monitor, primes, "punished", rules=rules)
    assert killed(seen, Phase.START) == {"getitimer": 3}


def test_a_process_of_several_threads_counts_once(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "killed-group")
    assert killed(seen, Phase.START) == {"getitimer": 1}
    assert trapped(seen, Phase.START) == denied(seen, Phase.START) == {}


def test_an_answer_without_an_error_is_a_denial(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "answered", rules=(Rule("getitimer", 0),))
    assert denied(seen, Phase.START) == {"getitimer": 31}
    assert entered(seen, Phase.START) == {"exit_group": 1}


def test_a_signal_that_no_filter_sent(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "sent")
    assert killed(seen, Phase.START) == trapped(seen, Phase.START) == {}
    assert denied(seen, Phase.START) == {}


def test_processes_are_named(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "punished")
    names = {entry.call.name: entry.processes for entry in seen.signalled()}
    assert names == {"getitimer": ("primes",), "sysinfo": ("primes",)}


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
