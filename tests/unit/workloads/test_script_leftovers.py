from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from beacon.owner import owner
from beacon.workloads.script_leftovers import PREFIX, REPORT_VARIABLE, remove


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def script_of(folder: Path) -> subprocess.Popen[bytes]:
    variables = {REPORT_VARIABLE: str(folder / "checks.json"), "PATH": os.environ["PATH"]}
    return subprocess.Popen(["sleep", "60"], env=variables)


def dead_owner() -> str:
    process = subprocess.Popen(["sleep", "60"])
    name = owner(process.pid)
    process.kill()
    process.wait()
    return name


def test_a_dead_maker_s_script_and_folder_go(folders: Path) -> None:
    dead = folders / f"{PREFIX}{dead_owner()}-abc_1"
    alive = folders / f"{PREFIX}{owner()}-abc_1"
    for folder in (dead, alive):
        folder.mkdir()
    left, kept = script_of(dead), script_of(alive)
    try:
        assert remove() == [f"process {left.pid}", f"folder {dead}"]
        assert left.wait(10) == -9
        assert kept.poll() is None
        assert list(folders.iterdir()) == [alive]
        assert remove() == []
        assert remove(everything=True) == [f"process {kept.pid}", f"folder {alive}"]
        assert kept.wait(10) == -9
    finally:
        left.kill()
        kept.kill()


@pytest.mark.parametrize("name", ["beacon-script-x", "beacon-script-1:1-a/../b", "other-1:1-a"])
def test_other_folders_stay(folders: Path, name: str) -> None:
    folder = folders / name.replace("/", "_")
    folder.mkdir()
    assert remove(everything=True) == []
    assert folder.exists()


def test_a_link_is_not_followed(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    precious = tmp_path_factory.mktemp("precious")
    (folders / f"{PREFIX}{dead_owner()}-abc").symlink_to(precious)
    assert remove() == []
    assert precious.exists()
