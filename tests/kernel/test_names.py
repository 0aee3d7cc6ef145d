"""Process names: whose calls they were, harmless to show, and bounded."""

from __future__ import annotations

from beacon.model.event import Phase
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Primes, own
from kernel.sums import entered, processes

# The test program's own name, 100 more, and room for 63.
_KEPT = 63


def test_names_are_made_harmless(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("names")) as target:
        primes.run(target, "hostile")
        seen = processes(target.snapshot(), Phase.START)
    assert seen == {
        "getppid": ("\\x1b[2J\\x1b]0;x\\x07",),
        "getpgid": ('<script>"&\\\\',),
        "getsid": ("\\udcff\\udcfe\\u202e",),
        "gettid": ("",),
        "exit_group": ("",),
        "prctl": (
            '<script>"&\\\\',
            "\\udcff\\udcfe\\u202e",
            "\\x1b[2J\\x1b]0;x\\x07",
            "primes",
        ),
    }


def test_children_and_threads_have_names_of_their_own(
    monitor: KernelMonitor, primes: Primes
) -> None:
    with monitor.watch(own("names")) as target:
        primes.run(target, "family")
        seen = target.snapshot()
    names = processes(seen, Phase.START)
    assert names["getpgid"] == ("child", "parent")
    assert names["prctl"] == ("parent", "primes")
    assert names["getsid"] == ("parent",)
    assert entered(seen, Phase.START)["getpgid"] == 16
    assert processes(seen, Phase.RUNTIME) == {"execve": ("primes",)}


def test_names_are_bounded_and_calls_exact(monitor: KernelMonitor, primes: Primes) -> None:
    with monitor.watch(own("names")) as target:
        primes.run(target, "many")
        seen = target.snapshot()
    assert entered(seen, Phase.START) == {"prctl": 100, "getppid": 100, "exit_group": 1}
    names = processes(seen, Phase.START)["getppid"]
    kept = {f"name-{number:02}" for number in range(_KEPT - 1)}
    assert set(names) == kept | {"(others)"}
    assert seen.losses == ()


def test_a_new_target_has_room_again(monitor: KernelMonitor, primes: Primes) -> None:
    for _ in range(3):
        with monitor.watch(own("names")) as target:
            primes.run(target, "many")
            assert len(processes(target.snapshot(), Phase.START)["getppid"]) == _KEPT
