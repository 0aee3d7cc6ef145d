"""Which capabilities a demand names, by the sets before and after it."""

from __future__ import annotations

import pytest

from beacon.model.observation import Holding
from beacon.monitor.held import (
    Demand,
    Sets,
    bits,
    demand,
    executed,
    installed,
    mapped_root,
    path_of,
    raised,
)

ALL = sum(1 << n for n in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))  # Docker's fourteen
FIVE = sum(1 << n for n in (0, 5, 6, 7, 10))
HAD = Sets(ALL, ALL)


@pytest.mark.parametrize("informed", [True, False])
def test_a_part_of_its_own_is_demanded(informed: bool) -> None:
    assert installed(Sets(FIVE, FIVE), HAD, informed=informed, granted=True) == Demand(FIVE)
    assert installed(Sets(FIVE, 0), HAD, informed=informed, granted=True) == Demand(FIVE)


@pytest.mark.parametrize("wanted", [ALL, ALL & ~(1 << 5), ALL & ~0xF])
def test_what_it_read_and_installs_again_is_not(wanted: int) -> None:
    assert installed(Sets(wanted, wanted), HAD, informed=True, granted=True) == Demand()


def test_who_never_read_its_sets_knows_what_it_wants() -> None:
    assert installed(Sets(ALL, ALL), HAD, informed=False, granted=True) == Demand(ALL)


def test_raised_capabilities() -> None:
    lowered = Sets(ALL, 0)
    one = installed(Sets(ALL, 1 << 13), lowered, informed=True, granted=True)
    assert one == Demand(1 << 13)
    assert installed(Sets(ALL, ALL), lowered, informed=True, granted=True) == Demand()
    only = Sets(1 << 13, 0)
    assert installed(Sets(1 << 13, 1 << 13), only, informed=True, granted=True).granted == 1 << 13


def test_setpcap_only_where_the_inheritable_set_grows_beyond_the_permitted() -> None:
    within = installed(Sets(ALL, ALL, 1 << 10), HAD, informed=True, granted=True)
    assert within == Demand(1 << 10)
    had = Sets(ALL & ~(1 << 5), ALL & ~(1 << 5))
    beyond = Sets(had.permitted, had.effective, 1 << 5)
    assert installed(beyond, had, informed=True, granted=True) == Demand(1 << 5 | 1 << 8)
    poor = Sets(FIVE & ~(1 << 5), 0)
    refused = installed(Sets(0, 0, 1 << 5), poor, informed=True, granted=False)
    assert refused == Demand(refused=1 << 5 | 1 << 8)


def test_what_is_demanded_in_vain() -> None:
    had = Sets(FIVE, FIVE)
    assert installed(Sets(FIVE | 1 << 21, 0), had, informed=True, granted=False) == Demand(
        refused=1 << 21
    )
    assert raised(1 << 10, ALL, granted=False) == Demand()  # permitted, but not inheritable
    assert raised(1 << 21, ALL, granted=False) == Demand(refused=1 << 21)


def test_files() -> None:
    assert executed(1 << 10 | 1 << 21, ALL) == Demand(1 << 10, 1 << 21)
    assert list(executed(1 << 10 | 1 << 21, ALL).checks()) == [
        ("CAP_NET_BIND_SERVICE", True),
        ("CAP_SYS_ADMIN", False),
    ]
    assert list(bits(1 << 40 | 1)) == [0, 40]


def key(capability: int, *, informed: int) -> dict[str, int]:
    names = ("effective", "inheritable", "had_effective", "had_inheritable", "phase")
    return {
        **dict.fromkeys(names, 0),
        "not_own_cred": 0,
        "permitted": capability,
        "had_permitted": FIVE,
        "holding": 1,
        "granted": 1,
        "informed": informed,
    }


def test_all_that_it_has_in_the_ambient_set() -> None:
    every = [key(1 << number, informed=1) for number in bits(FIVE)]
    assert all(demand(each, Holding.AMBIENT, every) == Demand() for each in every)
    some = every[:2]
    assert [demand(each, Holding.AMBIENT, some).granted for each in some] == [1 << 0, 1 << 5]


def test_root_in_a_user_namespace() -> None:
    assert list(mapped_root(granted=True).checks()) == [("CAP_SETFCAP", True)]
    assert list(mapped_root(granted=False).checks()) == [("CAP_SETFCAP", False)]


def test_paths() -> None:
    raw = b"".join(part.ljust(32, b"\0") for part in (b"web", b"bin", b"usr")) + bytes(160)
    assert path_of({"path": raw, "failed": 0}, 32) == "/usr/bin/web"
    assert path_of({"path": b"/usr/bin/web".ljust(256, b"\0"), "failed": 1}, 32) == "/usr/bin/web"
    assert path_of({"path": b"\xff\0".ljust(256, b"\0"), "failed": 1}, 32) == "\udcff"
