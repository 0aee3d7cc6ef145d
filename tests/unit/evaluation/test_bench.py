"""What the benchmarks compute from their numbers and from the filters."""

from __future__ import annotations

import errno
import json
import random
from pathlib import Path

import pytest
from filters import Filters
from timing import Estimate, Verdict, excess, ratios
from tools import BenchError
from trees import as_tree

from beacon.data.kernel import tables
from beacon.model.event import Abi
from classic_bpf import ALLOW, ERRNO, judge

F_GETFL = 3
NUMBERS = tables().syscalls[Abi.X86_64]
PLAIN = sorted(NUMBERS)[:60]
PROFILE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": errno.EPERM,
    "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [
        {"names": PLAIN, "action": "SCMP_ACT_ALLOW"},
        {
            "names": ["fcntl"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 1, "op": "SCMP_CMP_MASKED_EQ", "value": 7, "valueTwo": F_GETFL}],
        },
        {
            "names": ["openat2", "newer_than_the_library"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": errno.ENOSYS,
        },
    ],
}


def test_the_bounds_of_a_median_hold_it_in_nineteen_of_twenty_samples() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    samples = [[chance.expovariate(1) for _ in range(60)] for _ in range(1000)]
    bounds = [Estimate.of(sample) for sample in samples]
    held = sum(each.low <= 0.6931 <= each.high for each in bounds)
    assert 930 <= held <= 985


def test_the_bounds_of_few_numbers_are_the_smallest_and_the_largest() -> None:
    assert Estimate.of([3.0, 1.0, 2.0]) == Estimate(2.0, 1.0, 3.0)
    assert Estimate.of([4.0]) == Estimate(4.0, 4.0, 4.0)


def test_ratios_are_of_neighbours_in_time() -> None:
    times = {"ours": [2.0, 20.0, 200.0], "theirs": [1.0, 10.0, 100.0]}
    assert ratios(times, "ours", "theirs") == Estimate(2.0, 2.0, 2.0)


def test_a_target_between_the_bounds_is_neither_met_nor_missed() -> None:
    found = {
        "below": Estimate(1.01, 1.00, 1.02),
        "about": Estimate(1.03, 1.02, 1.04),
        "above": Estimate(1.05, 1.04, 1.06),
    }
    beyond = {name: excess(each, 1.03) for name, each in found.items()}
    verdict = Verdict.of(beyond)
    assert verdict == Verdict(("above",), ("about",))
    assert str(verdict) == "missed: above; not decided: about"
    assert str(Verdict.of({"below": beyond["below"]})) == "met"


def test_a_tree_of_a_profile(tmp_path: Path) -> None:
    profile = tmp_path / "seccomp.json"
    profile.write_text(json.dumps(PROFILE))
    program = as_tree(profile)
    assert judge(program, NUMBERS["fcntl"], (0, F_GETFL)) == ALLOW
    assert judge(program, NUMBERS["fcntl"], (0, F_GETFL + 1)) == ERRNO | errno.EPERM
    assert judge(program, NUMBERS["openat2"]) == ERRNO | errno.ENOSYS

    filters = Filters("tree", (program,))
    assert filters.at_once() == PLAIN
    assert filters.conditional() == ["fcntl"]
    # Far fewer than one for each number: it is a tree.
    assert 0 < filters.steps("fcntl", (0, F_GETFL)) < 20
    assert filters.steps(PLAIN[0], ()) == 0
    # Two instructions that look, and then the filter itself.
    assert filters.without_bitmap().steps(PLAIN[0], ()) > 2
    assert filters.without_bitmap().at_once() == []
    assert filters.without_bitmap().conditional() == sorted([*PLAIN, "fcntl"])


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"defaultErrnoRet": 1, "architectures": ["?"]}']
)
def test_what_is_not_a_policys_profile(tmp_path: Path, text: str) -> None:
    profile = tmp_path / "seccomp.json"
    profile.write_text(text)
    with pytest.raises(BenchError, match=r"not a profile that beacon policy wrote"):
        as_tree(profile)


def test_every_filter_has_to_let_a_call_through() -> None:
    nothing, everything = ((0x06, 0, 0, ERRNO),), ((0x06, 0, 0, ALLOW),)
    assert Filters("both", (everything, nothing)).at_once() == []
    nobody = Filters("none", ())
    assert nobody.at_once() == nobody.without_bitmap().at_once() == sorted(NUMBERS)
