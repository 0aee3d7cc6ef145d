"""Cgroups by name, in either version's tree; plain directories stand in for cgroups."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from beacon.monitor.cgroup import (
    Cgroup,
    Hierarchy,
    cgroup_of,
    cgroup_to_come,
    find_hierarchy,
    leftovers,
    remove_tree,
)
from beacon.monitor.interface import MonitorUnsupportedError, NotHereError, TargetExistsError


@pytest.fixture
def unified(tmp_path: Path) -> Hierarchy:
    (tmp_path / "cgroup.controllers").touch()
    return find_hierarchy(tmp_path)


@pytest.fixture
def legacy(tmp_path: Path) -> Hierarchy:
    for controller in ("pids", "memory", "systemd"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    (tmp_path / "not-a-cgroup").mkdir()
    return find_hierarchy(tmp_path)


def test_version_2(unified: Hierarchy, tmp_path: Path) -> None:
    assert unified == Hierarchy(2, tmp_path, (tmp_path,))


def test_version_1(legacy: Hierarchy, tmp_path: Path) -> None:
    everywhere = (tmp_path / "memory", tmp_path / "pids", tmp_path / "systemd")
    assert legacy == Hierarchy(1, tmp_path / "pids", everywhere)


def test_neither(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "cgroup.procs").touch()
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(MonitorUnsupportedError):
            find_hierarchy(root)


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a/b", "..", "a.b", "a b", "a\n", "a_b", "é", "a" * 161, "\0"]
)
def test_names_that_could_mean_something_else(unified: Hierarchy, name: str) -> None:
    with pytest.raises(ValueError, match="not a cgroup name"):
        Cgroup(unified, name)


@pytest.mark.parametrize("name", ["a", "0", "run-1-2", "a" * 160])
def test_good_names(unified: Hierarchy, name: str) -> None:
    assert Cgroup(unified, name).option == f"/beacon/{name}"


def test_slice_spells_no_further_level(unified: Hierarchy, tmp_path: Path) -> None:
    cgroup = Cgroup(unified, "run-1-2", systemd=True)
    assert cgroup.option == "beacon-run_1_2.slice"
    assert cgroup.path == tmp_path / "beacon.slice" / "beacon-run_1_2.slice"


@pytest.mark.parametrize("systemd", [False, True])
def test_made_and_removed(unified: Hierarchy, tmp_path: Path, *, systemd: bool) -> None:
    cgroup = Cgroup(unified, "run", systemd=systemd)
    assert cgroup.make() == cgroup.path.stat().st_ino
    assert leftovers(unified) == [cgroup.path]
    cgroup.remove()
    cgroup.remove()
    assert leftovers(unified) == []
    assert [path.name for path in tmp_path.iterdir()] == ["cgroup.controllers"]


def test_name_in_use(unified: Hierarchy) -> None:
    Cgroup(unified, "run").make()
    with pytest.raises(TargetExistsError):
        Cgroup(unified, "run").make()


def test_parent_that_is_removed_meanwhile(
    unified: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    cgroup = Cgroup(unified, "run")
    real, calls = Path.mkdir, []

    def unlucky(path: Path, *, exist_ok: bool = False) -> None:
        calls.append(path)
        if len(calls) == 2:
            path.parent.rmdir()
        real(path, exist_ok=exist_ok)

    monkeypatch.setattr(Path, "mkdir", unlucky)
    assert cgroup.make() == cgroup.path.stat().st_ino


def test_made_in_every_hierarchy_so_that_no_other_run_removes_the_parent(
    legacy: Hierarchy,
) -> None:
    one, other = Cgroup(legacy, "one"), Cgroup(legacy, "other")
    one.make()
    other.make()
    other.remove()
    assert all((base / "beacon" / "one").is_dir() for base in legacy.everywhere)


def test_removed_from_every_hierarchy(legacy: Hierarchy) -> None:
    cgroup = Cgroup(legacy, "run")
    cgroup.make()
    for base in legacy.everywhere:
        (base / "beacon" / "run" / "container" / "nested").mkdir(parents=True)
    assert len(leftovers(legacy)) == 3
    cgroup.remove()
    assert leftovers(legacy) == []


def test_what_is_in_use_stays(unified: Hierarchy) -> None:
    cgroup, other = Cgroup(unified, "run"), Cgroup(unified, "other")
    cgroup.make()
    other.make()
    # A file keeps a directory, as a process keeps a cgroup.
    (cgroup.path / "busy").touch()
    cgroup.remove()
    other.remove()
    assert leftovers(unified) == [cgroup.path]


def test_links_are_not_followed(unified: Hierarchy, tmp_path: Path) -> None:
    precious = tmp_path / "precious" / "empty"
    precious.mkdir(parents=True)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "precious")
    remove_tree(tmp_path / "tree")
    assert precious.is_dir()


def test_who_lives_on_in_it_is_killed(unified: Hierarchy) -> None:
    """The tree is of plain directories, so that the process shows in it even when it has ended."""
    cgroup = Cgroup(unified, "a")
    cgroup.make()
    with subprocess.Popen(["sleep", "1000"]) as survivor:
        below = cgroup.path / "container"
        below.mkdir()
        (below / "cgroup.procs").write_text(f"0\n{survivor.pid}\n")

        def ended() -> None:
            survivor.wait()
            (below / "cgroup.procs").unlink()

        threading.Thread(target=ended).start()
        cgroup.remove()
        assert survivor.wait() == -signal.SIGKILL
    assert not cgroup.path.exists()


ID = "c0ffee" * 10 + "beef"


def process(tmp_path: Path, text: str) -> Path:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(text)
    return tmp_path / "proc"


@pytest.mark.parametrize(
    "path",
    [f"/docker/{ID}", f"/system.slice/docker-{ID}.scope", f"/docker/{ID}/init.scope/a b:c"],
)
def test_cgroup_of_a_container_that_runs(path: str, unified: Hierarchy, tmp_path: Path) -> None:
    legacy = Hierarchy(1, tmp_path / "pids", ())
    proc = process(tmp_path, f"5:cpu,pids:{path}\n1:name=systemd:/else\n0::{path}\n")
    expected = path.removeprefix("/").partition("/init")[0]
    assert cgroup_of(unified, 7, ID, proc) == unified.identity / expected
    assert cgroup_of(legacy, 7, ID, proc) == legacy.identity / expected


@pytest.mark.parametrize(
    "text",
    ["", "nonsense\n", "0::/\n5:pids:/\n", "0::/docker/else\n", f"0::/../docker/{ID}\n"],
)
def test_process_that_is_not_the_container_s(text: str, unified: Hierarchy, tmp_path: Path) -> None:
    with pytest.raises(NotHereError):
        cgroup_of(unified, 7, ID, process(tmp_path, text))
    with pytest.raises(NotHereError):
        cgroup_of(unified, 8, ID, tmp_path / "proc")


def test_cgroup_of_a_container_that_does_not_run(unified: Hierarchy, tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    assert cgroup_to_come(unified, f"/docker/{ID}") == tmp_path / "docker" / ID
    for path in (f"/missing/{ID}", "/docker/../docker/x"):
        with pytest.raises(NotHereError):
            cgroup_to_come(unified, path)
