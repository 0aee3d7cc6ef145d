"""Targets are told apart, from each other and from the host, also over time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.interface import MonitorFullError, TargetExistsError
from beacon.monitor.kernel import KernelMonitor
from beacon.monitor.slots import Layouts
from kernel.harness import Launch, Primes, cgroup_of, left_behind, own
from kernel.seccomp import REFUSING
from kernel.sums import denied, entered

PLAIN = {"getppid": 101, "getpgid": 13, "exit_group": 1}


def test_two_targets_at_once(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("one")) as one, monitor.watch(own("two")) as two:
        refusing = Launch(filter=REFUSING)
        with (
            primes.started(one, "plain", "turn", "child") as first,
            primes.started(two, "refused", "turn", "thread", launch=refusing) as second,
        ):
            first.ready()
            second.ready()
            one.set_phase(Phase.SERVE)
            first.go_on()
            second.go_on()
            assert (first.wait(20), second.wait(20)) == (0, 0)
        seen, other = one.snapshot(), two.snapshot()
    assert entered(seen, Phase.SERVE) == {"clone": 1, "getsid": 17, "wait4": 1, "exit_group": 2}
    assert seen.denied() == frozenset()
    assert denied(other, Phase.START) == {"getitimer": 41, "sysinfo": 43}
    assert entered(other, Phase.START) == {
        **{"write": 1, "read": 1, "clone": 1, "gettid": 19, "exit": 1, "exit_group": 1}
    }


def test_the_host_is_not_recorded(monitor: KernelMonitor, primes: Primes) -> None:
    refusing = Launch(filter=REFUSING)
    with monitor.watch(own("host")) as target:
        with (
            primes.started(None, "forever"),
            primes.started(None, "refused-forever", launch=refusing),
        ):
            primes.run(target, "interrupted", "restarted")
            names = {call.name for call in target.snapshot().used()}
        assert not names & {"getppid", "getitimer"}
        assert target.snapshot().denied() == frozenset()


def test_nobody_is_recorded_without_processes(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("nobody")) as target:
        primes.run(None, "plain", "granted")
        assert target.snapshot() == Observation()


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_cgroups_below_count(monitor: KernelMonitor, primes: Primes, depth: int) -> None:
    below = "/".join(["nested"] * depth)
    with monitor.watch(own("above")) as target:
        (cgroup_of(target) / below).mkdir(parents=True)
        primes.run(target, "plain", launch=Launch(below=below))
        assert entered(target.snapshot(), Phase.START) == PLAIN
    assert left_behind() == []


def test_slots_are_used_again_from_zero(monitor: KernelMonitor, primes: Primes) -> None:
    for _ in range(200):
        with monitor.watch(own("again")) as target:
            assert target.snapshot() == Observation()
    with monitor.watch(own("again")) as target:
        primes.run(target, "plain", "granted")
        assert entered(target.snapshot(), Phase.START) == {**PLAIN, "chroot": 7}
    with monitor.watch(own("again")) as target:
        assert target.snapshot() == Observation()


def test_survivors_of_a_target_do_not_count_into_the_next(
    monitor: KernelMonitor, primes: Primes
) -> None:
    with ExitStack() as survivors:
        with monitor.watch(own("old")) as old:
            refusing = Launch(filter=REFUSING)
            survivors.enter_context(primes.started(old, "forever"))
            survivors.enter_context(primes.started(old, "refused-forever", launch=refusing))
        for _ in range(100):
            with monitor.watch(own("next")) as target:
                assert target.snapshot() == Observation()
        with monitor.watch(own("next")) as target:
            primes.run(target, "child")
            seen = target.snapshot()
        assert entered(seen, Phase.START) == {
            **{"clone": 1, "getsid": 17, "wait4": 1, "exit_group": 2}
        }
        assert seen.denied() == frozenset()
    remove_old()


def remove_old() -> None:
    """The old target could not be removed while processes were in it."""
    for cgroup in left_behind():
        cgroup.rmdir()
    assert left_behind() == []


def test_survivor_that_joins_another_target_counts_there(
    monitor: KernelMonitor, primes: Primes
) -> None:
    with monitor.watch(own("next")) as target, ExitStack() as survivors:
        with monitor.watch(own("old")) as old:
            survivor = survivors.enter_context(primes.started(old, "turn", "plain"))
            survivor.ready()
            # Whoever is in it as it is released is killed.
            (cgroup_of(target) / "cgroup.procs").write_text(str(survivor.process.pid))
        survivor.go_on()
        assert survivor.wait(20) == 0
        # It made its execve elsewhere, and so counts as a runtime here.
        assert entered(target.snapshot(), Phase.RUNTIME) == PLAIN
    remove_old()


def test_full_monitor_says_so_and_recovers(monitor: KernelMonitor, primes: Primes) -> None:
    limit = Layouts().slots
    with ExitStack() as all_of_them:
        last = [all_of_them.enter_context(monitor.watch(own(f"n{n}"))) for n in range(limit)][-1]
        with pytest.raises(MonitorFullError), monitor.watch(own("too-many")):
            pass
        primes.run(last, "plain")
        assert entered(last.snapshot(), Phase.START) == PLAIN
    with monitor.watch(own("recovered")) as target:
        primes.run(target, "plain")
        assert entered(target.snapshot(), Phase.START) == PLAIN
    assert left_behind() == []


def test_name_in_use_leaves_the_first_alone(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("same")) as target:
        with pytest.raises(TargetExistsError), monitor.watch(own("same")):
            pass
        primes.run(target, "plain")
        assert entered(target.snapshot(), Phase.START) == PLAIN


def test_targets_come_and_go_in_several_threads(monitor: KernelMonitor, primes: Primes) -> None:
    def work(worker: int) -> list[dict[str, int]]:
        found = []
        for _ in range(15):
            with monitor.watch(own(f"worker-{worker}")) as target:
                primes.run(target, "plain", "granted")
                found.append(entered(target.snapshot(), Phase.START))
        return found

    with ThreadPoolExecutor(4) as pool:
        results = [result for results in pool.map(work, range(4)) for result in results]
    assert results == [{**PLAIN, "chroot": 7}] * 60
    assert left_behind() == []
