"""Rights over files that a call asked for, and did not need: the file was there to be opened."""

from __future__ import annotations

import pytest

from beacon.data.kernel import tables
from beacon.model.event import Phase
from beacon.monitor.kernel import KernelMonitor
from kernel.harness import Primes, own
from kernel.seccomp import HERE
from kernel.sums import checks, noise

OVERRIDE = "CAP_DAC_OVERRIDE"
MODES = {"chmod", "fchmod", "fchmodat"} & tables().syscalls[HERE.native].keys()


def observe(
    monitor: KernelMonitor, primes: Primes, part: str
) -> tuple[dict[bool, int], dict[bool, int]]:
    """How often the right over files was asked for by openat, by its answer: needed, and not."""
    with monitor.watch(own("files")) as target:
        primes.run(target, part)
        seen = target.snapshot()
    needed = {
        granted: count
        for (name, call, granted), count in checks(seen, Phase.START).items()
        if (name, call) == (OVERRIDE, "openat")
    }
    idle: dict[bool, int] = {}
    for check in noise(seen):
        if (check.capability.name, check.call) == (OVERRIDE, "openat"):
            idle[check.granted] = idle.get(check.granted, 0) + check.count
    return needed, idle


@pytest.mark.parametrize(
    ("part", "needed", "idle"),
    [
        ("create-existing", {}, {True: 19}),
        ("create-existing-lacking", {}, {False: 13}),
        ("create-new", {True: 11}, {}),
        ("own-descriptors", {}, {False: 17}),
    ],
)
def test_opened(
    monitor: KernelMonitor,
    primes: Primes,
    part: str,
    needed: dict[bool, int],
    idle: dict[bool, int],
) -> None:
    assert observe(monitor, primes, part) == (needed, idle)


@pytest.mark.parametrize(
    ("part", "calls", "decides"),
    [
        ("plain-mode", MODES, False),
        ("set-group-id", MODES, True),
        ("same-ids", {"setuid", "setgid"}, False),
        ("other-ids", {"setuid", "setgid"}, True),
    ],
)
def test_by_the_arguments_of_the_call(
    monitor: KernelMonitor, primes: Primes, part: str, calls: set[str], *, decides: bool
) -> None:
    with monitor.watch(own("files")) as target:
        primes.run(target, part)
        seen = target.snapshot()
    asked = [each for each in seen.capabilities if each.call in calls and not each.foreign]
    assert {each.call for each in asked} == calls
    assert {each.capability.name for each in asked} <= {"CAP_FSETID", "CAP_SETUID", "CAP_SETGID"}
    assert {each.decisive for each in asked} == {decides}
