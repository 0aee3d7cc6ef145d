from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from beacon.engines.file_digest import digest
from beacon.engines.file_tree import Budget


def of(top: Path, files: int = 100, size: int = 1000) -> str | None:
    return digest(top, Budget(files, size))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    (top / "folder" / "file").write_text("content")
    (top / "link").symlink_to("folder")
    return top


def _times(top: Path) -> None:
    os.utime(top / "folder" / "file", (1, 1))
    (top / "folder").touch()


def _rewritten(top: Path) -> None:
    (top / "folder" / "file").unlink()
    (top / "folder" / "file").write_text("content")


@pytest.mark.parametrize("change", [_times, _rewritten])
def test_the_same_files_have_the_same_digest(tree: Path, change: Callable[[Path], None]) -> None:
    before = of(tree)
    assert before is not None
    change(tree)
    assert of(tree) == before


def _content(top: Path) -> None:
    (top / "folder" / "file").write_text("contents")


def _mode(top: Path) -> None:
    (top / "folder" / "file").chmod(0o600)


def _name(top: Path) -> None:
    (top / "folder" / "file").rename(top / "folder" / "fila")


def _place(top: Path) -> None:
    (top / "folder" / "file").rename(top / "file")


def _kind(top: Path) -> None:
    (top / "folder" / "file").unlink()
    (top / "folder" / "file").mkdir()


def _target(top: Path) -> None:
    (top / "link").unlink()
    (top / "link").symlink_to("folder/file")


def _more(top: Path) -> None:
    (top / "\udcff\n").touch()


@pytest.mark.parametrize("change", [_content, _mode, _name, _place, _kind, _target, _more])
def test_others_have_another(tree: Path, change: Callable[[Path], None]) -> None:
    before = of(tree)
    change(tree)
    assert of(tree) not in (None, before)


def test_nothing_is_followed_or_waited_for(tree: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("one")
    (tree / "out").symlink_to(secret)
    os.mkfifo(tree / "pipe")
    before = of(tree)
    secret.write_text("two")
    assert of(tree) == before


def test_too_much_has_none(tree: Path) -> None:
    assert of(tree, files=3) is None
    assert of(tree, files=4) is not None
    assert of(tree, size=6) is None
    with (tree / "hole").open("wb") as file:
        file.truncate(1 << 40)
    assert of(tree) is None


def test_folders_without_end_have_none(tmp_path: Path) -> None:
    top = place = tmp_path / "top"
    place.mkdir()
    for _ in range(120):
        place /= "d"
        place.mkdir()
    assert of(top, files=1000) is None


def test_what_is_not_there_has_none(tmp_path: Path) -> None:
    assert of(tmp_path / "absent") is None
