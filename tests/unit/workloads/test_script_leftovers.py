from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.model.leftovers import Kept, Swept
from beacon.process_identity import Fate, identify
from beacon.workloads import script_leftovers
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
    name = str(identify(process.pid))
    process.kill()
    process.wait()
    return name


def test_a_dead_maker_s_script_and_folder_go(folders: Path) -> None:
    dead = folders / f"{PREFIX}{dead_owner()}-abc_1"
    alive = folders / f"{PREFIX}{identify()}-abc_1"
    for folder in (dead, alive):
        folder.mkdir()
    left, kept = script_of(dead), script_of(alive)
    try:
        still = (Kept(f"folder {alive}", Fate.ALIVE),)
        assert remove() == Swept((f"process {left.pid}", f"folder {dead}"), still)
        assert left.wait(10) == -9
        assert kept.poll() is None
        assert list(folders.iterdir()) == [alive]
        assert remove() == Swept(kept=still)
        assert remove(everything=True) == Swept((f"process {kept.pid}", f"folder {alive}"))
        assert kept.wait(10) == -9
    finally:
        left.kill()
        kept.kill()


@pytest.mark.parametrize(
    "name", ["beacon-script-x", "beacon-script-a-b", "beacon-script-1:1-a/../b", "other-1:1-a"]
)
def test_other_folders_stay(folders: Path, name: str) -> None:
    folder = folders / name.replace("/", "_")
    folder.mkdir()
    assert remove(everything=True) == Swept()
    assert folder.exists()


@pytest.mark.parametrize(
    ("maker", "fate"),
    [
        (str(replace(identify(), pid_namespace=1)), Fate.OTHER_NAMESPACE),
        (str(replace(identify(), host="f" * 16, boot="f" * 32)), Fate.OTHER_HOST),
        ("1:1", Fate.UNKNOWN),  # as version 0.1 wrote it
    ],
)
def test_what_others_made_stays_unless_all_is_asked_for(
    folders: Path, maker: str, fate: Fate
) -> None:
    folder = folders / f"{PREFIX}{maker}-abc"
    folder.mkdir()
    assert remove() == Swept(kept=(Kept(f"folder {folder}", fate),))
    assert folder.exists()
    assert remove(everything=True) == Swept((f"folder {folder}",))
    assert not folder.exists()


def test_a_link_is_not_followed(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    precious = tmp_path_factory.mktemp("precious")
    (folders / f"{PREFIX}{dead_owner()}-abc").symlink_to(precious)
    assert remove() == Swept()
    assert precious.exists()


def test_an_environment_without_end_is_read_in_part(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folders / f"{PREFIX}{dead_owner()}-abc"
    folder.mkdir()
    proc = folders / "proc"
    process = proc / "1"
    process.mkdir(parents=True)
    # It cannot be held in memory, and the variable behind it is not looked for.
    with (process / "environ").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(f"\0{REPORT_VARIABLE}={folder}/checks.json\0".encode())
    monkeypatch.setattr(script_leftovers, "PROC", proc)
    assert remove() == Swept((f"folder {folder}",))
