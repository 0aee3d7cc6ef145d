"""Cgroups of dead and of other makers; plain directories stand in for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from beacon.campaign import cleaning
from beacon.campaign.cleaning import clean
from beacon.engines import cri_folder
from beacon.engines.interface import RefusedError
from beacon.model.leftovers import Kept, Swept
from beacon.monitor.cgroup import Cgroup, Hierarchy, find_hierarchy
from beacon.process_identity import Fate, ProcessIdentity, identify
from beacon.workloads import script_leftovers
from fakes import FakeEngine

_HERE = identify()
_MAKERS = {
    Fate.DEAD: replace(_HERE, pid=(1 << 22) - 1),
    Fate.ALIVE: _HERE,
    Fate.OTHER_HOST: replace(_HERE, host="f" * 16, boot="f" * 32),
    Fate.OTHER_NAMESPACE: replace(_HERE, pid_namespace=1),
}


@pytest.fixture
def hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hierarchy:
    (tmp_path / "cgroup.controllers").touch()
    found = find_hierarchy(tmp_path)
    monkeypatch.setattr(cleaning, "find_hierarchy", lambda: found)
    monkeypatch.setattr(script_leftovers, "remove", lambda everything: Swept())
    monkeypatch.setattr(cri_folder, "remove_left", lambda everything: Swept())
    return found


@pytest.mark.parametrize("systemd", [False, True])
@pytest.mark.parametrize(("fate", "maker"), _MAKERS.items())
def test_only_a_dead_maker_s_cgroups_go(
    hierarchy: Hierarchy, fate: Fate, maker: ProcessIdentity, *, systemd: bool
) -> None:
    cgroup = Cgroup(hierarchy, f"{maker}-12", systemd=systemd)
    cgroup.make()
    name = f"cgroup {cgroup.path}"
    dead = fate is Fate.DEAD
    expected = Swept((name,)) if dead else Swept(kept=(Kept(name, fate),))
    assert clean([FakeEngine()]) == expected
    assert cgroup.path.exists() != dead
    assert clean([FakeEngine()], everything=True).removed == (() if dead else (name,))
    assert not cgroup.path.exists()


@pytest.mark.parametrize("name", ["7-4711-0", "somebody", "a-b"])
def test_a_name_that_no_process_is_in_stays(hierarchy: Hierarchy, name: str) -> None:
    cgroup = Cgroup(hierarchy, name)
    cgroup.make()
    assert clean([FakeEngine()]) == Swept(kept=(Kept(f"cgroup {cgroup.path}", Fate.UNKNOWN),))
    assert cgroup.path.exists()


def test_the_longest_name_is_one_for_cgroups_and_for_systemd(hierarchy: Hierarchy) -> None:
    longest = ProcessIdentity(
        host="f" * 16,
        boot="f" * 32,
        pid_namespace=2**32 - 1,
        time_namespace=2**32 - 1,
        pid=1 << 22,
        start=10**20 - 1,
    )
    for systemd in (False, True):
        cgroup = Cgroup(hierarchy, f"{longest}-{10**9}", systemd=systemd)
        assert len(cgroup.path.name) <= 255


def test_what_one_engine_cannot_remove_keeps_nothing_else(hierarchy: Hierarchy) -> None:
    swept: list[str] = []

    class Stuck(FakeEngine):
        def sweep(self, *, everything: bool = False) -> Swept:
            raise RefusedError("It is stuck.")

    class Other(FakeEngine):
        def sweep(self, *, everything: bool = False) -> Swept:
            swept.append("other")
            return Swept()

    cgroup = Cgroup(hierarchy, f"{_MAKERS[Fate.DEAD]}-12")
    cgroup.make()
    with pytest.raises(RefusedError, match="stuck"):
        clean([Stuck(), Other()])
    assert swept == ["other"]
    assert not cgroup.path.exists()
