"""Calls that are many calls are told apart by their arguments, exactly, or not at all."""

from __future__ import annotations

import pytest

from beacon.model.event import Phase, Syscall
from beacon.model.observation import Observation, SyscallCount
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, own
from kernel.seccomp import HERE, Rule


def observe(
    monitor: KernelMonitor, primes: Primes, part: str, launch: Launch | None = None
) -> Observation:
    with monitor.watch(own("arguments")) as target:
        primes.run(target, part, launch=launch)
        return target.snapshot()


def the(seen: Observation, name: str) -> SyscallCount:
    call = Syscall(name, HERE.native)
    (entry,) = (e for e in seen.syscalls if e.call == call and e.phase is Phase.START)
    return entry


def counts(entry: SyscallCount) -> dict[str, tuple[int, int]]:
    return {each.argument: (each.count, each.denied) for each in entry.classes}


def test_classes_are_exactly_those_made(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "classes")
    assert counts(the(seen, "socket")) == {
        "AF_UNIX,SOCK_STREAM,0x0": (13, 0),
        "AF_UNIX,SOCK_DGRAM,0x0": (17, 0),
    }
    assert counts(the(seen, "fcntl")) == {"F_GETFD": (12, 0)}
    assert counts(the(seen, "futex")) == {"FUTEX_WAKE": (19, 0)}
    assert counts(the(seen, "unshare")) == {
        "CLONE_NEWUTS": (3, 0),
        "CLONE_NEWIPC": (3, 0),
        "plain": (1, 0),
    }
    assert the(seen, "unshare").count == 4
    assert the(seen, "close").classes == ()
    assert all(each.processes == ("primes",) for each in the(seen, "socket").classes)
    assert Syscall("fcntl", HERE.native, "F_GETFD") in seen.events()
    assert Syscall("fcntl", HERE.native) not in seen.events()
    assert seen.losses == ()


def test_more_classes_than_are_kept_are_none(monitor: KernelMonitor, primes: Primes) -> None:
    seen = observe(monitor, primes, "crowded")
    assert (the(seen, "ioctl").count, the(seen, "ioctl").classes) == (79, ())
    assert Syscall("ioctl", HERE.native) in seen.events()
    assert seen.losses == ()


def test_denied_classes(monitor: KernelMonitor, primes: Primes) -> None:
    launch = Launch(filter=(Rule("personality"),))
    seen = observe(monitor, primes, "refused-classes", launch)
    assert counts(the(seen, "personality")) == {"PER_LINUX32": (0, 23), "QUERY": (0, 29)}
    assert seen.denied() == {
        Syscall("personality", HERE.native, "PER_LINUX32"),
        Syscall("personality", HERE.native, "QUERY"),
    }


@pytest.mark.parametrize("turn", range(5))
def test_first_calls_that_race_are_all_counted(
    monitor: KernelMonitor, primes: Primes, turn: int
) -> None:
    seen = observe(monitor, primes, "classes-at-once")
    assert the(seen, "fcntl").count == 4 * 61
    assert counts(the(seen, "fcntl")) == {f"{0x10000 + n:#x}": (4, 0) for n in range(61)}


def test_a_slot_begins_without_the_classes_of_the_last(
    monitor: KernelMonitor, primes: Primes
) -> None:
    observe(monitor, primes, "classes")
    for _ in range(70):  # more than there are slots
        with monitor.watch(own("arguments")) as target:
            assert target.snapshot().syscalls == ()


def test_phases_may_change_at_any_moment(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("arguments")) as target, primes.started(target, "looping") as running:
        flips = 0
        while running.process.poll() is None:
            target.set_phase(Phase.SERVE if flips % 2 else Phase.SHUTDOWN)
            flips += 1
        assert running.wait(60) == 0
        seen = target.snapshot()
    entries = [entry for entry in seen.syscalls if entry.call.name == "fcntl"]
    assert sum(entry.count for entry in entries) == 500009
    assert Phase.RUNTIME not in {entry.phase for entry in entries}
    assert all(counts(entry) == {"F_GETFD": (entry.count, 0)} for entry in entries)
    assert flips > 1000
