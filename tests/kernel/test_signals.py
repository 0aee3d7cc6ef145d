"""What a filter answers with a signal, or with the end of a thread or process, is counted."""

from __future__ import annotations

import pytest

from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import KILL_PROCESS, KILL_THREAD, PUNISHING, Rule
from kernel.sums import denied, entered, killed, trapped


def observe(
    monitor: KernelMonitor,
    primes: Primes,
    *parts: str,
    rules: tuple[Rule, ...] = PUNISHING,
) -> Observation:
    with monitor.watch(own("signals")) as target:
        primes.run(target, *parts, launch=Launch(filter=rules))
        return target.snapshot()


def test_by_the_native_abi(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "punished")
    assert killed(seen, Phase.START) == {"getitimer": 3}
    assert trapped(seen, Phase.START) == {"sysinfo": 11}
    assert denied(seen, Phase.START) == {"times": 19}
    assert entered(seen, Phase.START) == {
        **{"clone": 3, "wait4": 3, "rt_sigaction": 1, "rt_sigreturn": 11, "exit_group": 1},
    }


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
