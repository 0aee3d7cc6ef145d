"""Containers that run already when they are watched, and that are started again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beacon.model.event import Phase
from beacon.monitor.interface import NotHereError
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Launch, Primes, cgroup_of, own
from kernel.seccomp import REFUSING
from kernel.sums import checks, denied, entered, phases

REFUSED = {"getitimer": 41, "sysinfo": 43}
PLAIN = {"getppid": 101, "getpgid": 13}
REFUSE = Launch(filter=REFUSING)


@pytest.fixture(scope="module")
def joining() -> Iterator[KernelMonitor]:
    monitor = KernelMonitor(joining=True)
    try:
        yield monitor
    finally:
        monitor.close()


@pytest.mark.parametrize("below", ["", "nested/deeper"])
def test_what_it_does_from_now_on(
    monitor: KernelMonitor, joining: KernelMonitor, primes: Primes, below: str
) -> None:
    launch = Launch(filter=REFUSING, below=below)
    with monitor.watch(own("joined")) as made:
        (cgroup_of(made) / below).mkdir(parents=True, exist_ok=True)
        parts = ("plain", "refused", "turn", "plain", "refused", "granted")
        with primes.started(made, *parts, launch=launch) as process:
            process.ready()  # in a read that began before it is joined
            with joining.join(own("joined"), process.process.pid, "") as target:
                process.go_on()
                assert process.wait(20) == 0
                seen = target.snapshot()
    assert phases(seen) == {Phase.SERVE}
    assert entered(seen, Phase.SERVE) == {**PLAIN, "chroot": 7, "exit_group": 1}
    assert denied(seen, Phase.SERVE) == REFUSED
    assert checks(seen, Phase.SERVE) == {("CAP_SYS_CHROOT", "chroot", True): 7}
    assert not seen.losses


def test_who_enters_later_comes_from_outside(
    monitor: KernelMonitor, joining: KernelMonitor, primes: Primes
) -> None:
    with (
        monitor.watch(own("joined")) as made,
        primes.started(made, "turn", "child", launch=REFUSE) as process,
    ):
        process.ready()
        with joining.join(own("joined"), process.process.pid, "") as target:
            primes.run(made, "refused", launch=REFUSE)
            process.go_on()
            assert process.wait(20) == 0
            seen = target.snapshot()
    assert denied(seen, Phase.EXEC) == REFUSED
    assert denied(seen, Phase.SERVE) == {}
    assert entered(seen, Phase.SERVE)["getsid"] == 17


def test_its_next_start_is_seen_from_the_first_call(
    monitor: KernelMonitor, joining: KernelMonitor, primes: Primes
) -> None:
    with monitor.watch(own("joined")) as made, monitor.watch(own("other")) as other:
        cgroup = cgroup_of(made)
        with primes.started(made, "turn", launch=REFUSE) as process:
            process.ready()
            with joining.join(own("joined"), process.process.pid, "") as target:
                process.go_on()
                assert process.wait(20) == 0
                for _ in range(300):  # more than the map of targets has places
                    cgroup.rmdir()
                    cgroup.mkdir()
                primes.run(made, "refused", launch=Launch(filter=REFUSING, getegids=3))
                (cgroup_of(other) / cgroup.name).mkdir()  # of the same name, elsewhere
                primes.run(other, "plain", launch=Launch(below=cgroup.name))
                seen = target.snapshot()
    assert denied(seen, Phase.START) == REFUSED
    assert entered(seen, Phase.RUNTIME) == {"getegid": 3, "execve": 1}
    assert "getppid" not in entered(seen, Phase.START)
    assert denied(seen, Phase.SERVE) == denied(seen, Phase.EXEC) == {}


def test_a_start_that_is_waited_for(
    monitor: KernelMonitor, joining: KernelMonitor, primes: Primes
) -> None:
    launch = Launch(filter=REFUSING, below="later")
    with monitor.watch(own("above")) as above:
        later = cgroup_of(above) / "later"
        with joining.join("later", 0, f"{above.cgroup_parent}/later") as target:
            later.mkdir()
            primes.run(above, "refused", launch=launch)
            seen = target.snapshot()
    assert denied(seen, Phase.START) == REFUSED
    assert entered(seen, Phase.START) == {"exit_group": 1}


def test_processes_elsewhere_are_refused(joining: KernelMonitor, primes: Primes) -> None:
    with (
        primes.started(None, "forever") as process,
        pytest.raises(NotHereError),
        joining.join("c0ffee", process.process.pid, ""),
    ):
        pass
