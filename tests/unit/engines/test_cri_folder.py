from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from beacon.engines.cri_folder import Folder, remove_left
from beacon.model.leftovers import Kept, Swept
from beacon.process_identity import Fate, identify


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_is_one_s_own_and_goes() -> None:
    folder = Folder()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.new() != folder.new()
    assert remove_left() == Swept(kept=(Kept(f"folder {folder.path}", Fate.ALIVE),))
    folder.remove()
    assert not folder.path.exists()


def test_what_a_dead_maker_left_goes() -> None:
    folder = Folder()
    dead = replace(identify(), pid=(1 << 22) - 1)
    (folder.path / "owner").write_text(str(dead))
    assert remove_left() == Swept((f"folder {folder.path}",))
    assert not folder.path.exists()


def test_everything_goes_when_asked_for_it() -> None:
    folder = Folder()
    assert remove_left(everything=True) == Swept((f"folder {folder.path}",))


def test_what_only_looks_like_one_stays(place: Path) -> None:
    (place / "beacon-cri-file").write_text("x")
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "owner").write_text("x")
    (place / "beacon-cri-link").symlink_to(place / "elsewhere")
    (place / "beacon-cri-without").mkdir()
    assert remove_left(everything=True) == Swept()
    assert sorted(each.name for each in place.iterdir()) == [
        "beacon-cri-file",
        "beacon-cri-link",
        "beacon-cri-without",
        "elsewhere",
    ]


def test_folders_for_all_go_with_the_last_that_uses_them(tmp_path: Path) -> None:
    shared = [tmp_path / "run" / "one", tmp_path / "lib"]
    (tmp_path / "lib").mkdir()
    first, second = Folder(), Folder()
    first.make_for_all(shared)
    second.make_for_all(shared)
    first.remove()
    assert all(each.is_dir() for each in shared)
    second.remove()
    assert not shared[0].exists()
    assert shared[1].is_dir()  # was there before


def test_folders_for_all_that_a_dead_maker_left(tmp_path: Path) -> None:
    shared = [tmp_path / "one", tmp_path / "other"]
    folder = Folder()
    folder.make_for_all(shared)
    (shared[1] / "used").mkdir()
    (folder.path / "owner").write_text(str(replace(identify(), pid=(1 << 22) - 1)))
    remove_left()
    assert not shared[0].exists()
    assert shared[1].is_dir()
