from __future__ import annotations

import pytest

from beacon.data.cves import package_cves
from beacon.data.kernel import is_syscall
from beacon.model.cve import Need, Way
from beacon.model.event import Abi
from cve_table.controls import everywhere, is_control

READ, KEYCTL = Need("read"), Need("keyctl")


def test_the_calls_of_any_program_have_reasons() -> None:
    assert all(is_syscall(call) and why for call, why in everywhere().items())


@pytest.mark.parametrize(
    ("paths", "control"),
    [
        ([(READ,)], True),
        ([(READ, Need("openat"))], True),
        ([(READ, KEYCTL)], False),
        ([(KEYCTL,), (READ,)], True),  # one way that nobody can close is enough
        ([(Need("keyctl", others=(Way("read"),)),)], True),
        ([(Need("mmap", {"protection": ("PROT_EXEC",)}),)], False),
        ([(Need("read", abi=Abi.X32),)], False),
    ],
)
def test_a_control_needs_nothing_but_such_calls(
    paths: list[tuple[Need, ...]], control: bool
) -> None:
    assert is_control(paths, ()) is control
    assert not is_control(paths, [("CAP_NET_ADMIN",)])


def test_the_controls() -> None:
    assert {cve.id for cve in package_cves() if cve.control} == {
        "CVE-2014-0196",
        "CVE-2016-5195",
        "CVE-2016-9962",
        "CVE-2017-1000253",
        "CVE-2017-1000405",
        "CVE-2018-14634",
        "CVE-2018-17182",
        "CVE-2019-5736",
        "CVE-2023-3269",
        "CVE-2024-21626",
        "CVE-2024-42234",
        "CVE-2024-43882",
    }
