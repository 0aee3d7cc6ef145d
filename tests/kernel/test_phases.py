"""Each call is counted in the phase in which it began, by the process that it belongs to."""

from __future__ import annotations

from beacon.model.architecture import Architecture
from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, cgroup_of, own
from kernel.seccomp import HERE, REFUSING
from kernel.sums import checks, denied, entered, phases

CHROOT = ("CAP_SYS_CHROOT", "chroot", True)


def test_runtime_ends_with_its_execve(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("phases")) as target:
        primes.run(target, "plain", "again", launch=Launch(getegids=47))
        seen = target.snapshot()
    assert entered(seen, Phase.RUNTIME) == {"getegid": 47, "execve": 1}
    assert entered(seen, Phase.START) == {
        "getppid": 202,
        "getpgid": 26,
        "execve": 1,
        "exit_group": 1,
    }


def test_phases_follow_the_container(monitor: KernelMonitor, primes: Primes) -> None:
    parts = ["plain", "turn", "child", "refused", "granted", "turn", "thread"]
    others = {"i386:getuid32": 29} if HERE is Architecture.AMD64 else {}
    parts += ["i386"] if others else []
    with monitor.watch(own("phases")) as target:
        launch = Launch(filter=REFUSING)
        with primes.started(target, *parts, launch=launch) as process:
            process.ready()
            target.set_phase(Phase.SERVE)
            process.go_on()
            process.ready()
            target.set_phase(Phase.SHUTDOWN)
            process.go_on()
            assert process.wait(20) == 0
        seen = target.snapshot()
    assert entered(seen, Phase.RUNTIME) == {"execve": 1}
    assert entered(seen, Phase.START) == {"getppid": 101, "getpgid": 13, "write": 1, "read": 1}
    assert entered(seen, Phase.SERVE) == {
        **{"clone": 1, "getsid": 17, "wait4": 1, "exit_group": 1},
        **{"chroot": 7, "write": 1, "read": 1},
    }
    assert denied(seen, Phase.SERVE) == {"getitimer": 41, "sysinfo": 43}
    assert checks(seen, Phase.SERVE)[CHROOT] == 7
    assert entered(seen, Phase.SHUTDOWN) == {
        **{"clone": 1, "gettid": 19, "exit": 1, "exit_group": 1, **others}
    }
    assert seen.losses == ()


def test_who_joins_later_is_apart(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("phases")) as target:
        with primes.started(target, "plain", "turn") as first:
            first.ready()
            target.set_phase(Phase.SERVE)
            launch = Launch(filter=REFUSING, getegids=47, chroots=3)
            primes.run(target, "child", "thread", "refused", "granted", launch=launch)
            first.go_on()
            assert first.wait(20) == 0
        seen = target.snapshot()
    assert entered(seen, Phase.START) == {"getppid": 101, "getpgid": 13, "write": 1, "read": 1}
    assert entered(seen, Phase.RUNTIME) == {"getegid": 47, "chroot": 3, "execve": 2}
    assert entered(seen, Phase.EXEC) == {
        **{"clone": 2, "getsid": 17, "wait4": 1, "exit_group": 2},
        **{"gettid": 19, "exit": 1, "chroot": 7},
    }
    assert denied(seen, Phase.EXEC) == {"getitimer": 41, "sysinfo": 43}
    assert checks(seen, Phase.RUNTIME)[CHROOT] == 3
    assert checks(seen, Phase.EXEC)[CHROOT] == 7
    assert entered(seen, Phase.SERVE) == {"exit_group": 1}


def test_a_phase_without_calls_is_absent(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("phases")) as target:
        primes.run(target, "plain")
        target.set_phase(Phase.SERVE)
        target.set_phase(Phase.SHUTDOWN)
        assert phases(target.snapshot()) == {Phase.RUNTIME, Phase.START}


def test_child_that_is_born_in_the_cgroup(monitor: KernelMonitor, primes: Primes) -> None:
    launch = Launch(born_inside=True, getegids=47)
    with monitor.watch(own("born")) as target:
        with primes.started(target, "plain", "child", launch=launch) as process:
            code = process.wait(20)
        seen = target.snapshot()
    if monitor.facts().cgroup_version == 1:
        # The kernel refuses, and the monitor must not have seen the attempt.
        assert (code, seen) == (1, Observation())
        return
    assert code == 0
    assert entered(seen, Phase.RUNTIME) == {"getegid": 47, "execve": 1}
    assert entered(seen, Phase.START) == {
        **{"getppid": 101, "getpgid": 13, "clone": 1, "getsid": 17},
        **{"wait4": 1, "exit_group": 2},
    }
    assert seen.denied() == frozenset()


def test_call_that_began_before_the_cgroup(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("late")) as target:
        launch = Launch(filter=REFUSING)
        with primes.started(None, "overslept", "refused", "plain", launch=launch) as process:
            process.ready()
            (cgroup_of(target) / "cgroup.procs").write_text(str(process.process.pid))
            assert process.wait(20) == 0
        seen = target.snapshot()
    # Its first calls in the cgroup are denied ones: they cannot be told from the end of the call
    # in which it came, so the monitor takes it up with the first call that is let through.
    assert entered(seen, Phase.RUNTIME) == {"getppid": 101, "getpgid": 13, "exit_group": 1}
    assert seen.denied() == frozenset()
