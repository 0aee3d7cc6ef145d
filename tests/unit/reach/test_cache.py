"""What is kept between analyses, and who is believed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from beacon.reach import cache as caching
from beacon.reach.cache import Cache, default_directory
from beacon.reach.facts import Facts

ONE = Facts(soname="one")


def entry(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_results_are_kept_by_key(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    Cache(folder).put("sha256:1/x", ONE)
    assert Cache(folder).get("sha256:1/x", Facts) == ONE
    assert Cache(folder).get("sha256:1/y", Facts) is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(folder).stat().st_mode) == 0o600


def test_nothing_is_kept_without_a_directory() -> None:
    Cache(None).put("x", ONE)
    assert Cache(None).get("x", Facts) is None


@pytest.mark.parametrize("content", ["", "{", '{"key":"x","body":{}}', '{"key":"other","body":{}}'])
def test_a_broken_entry_is_none(tmp_path: Path, content: str) -> None:
    Cache(tmp_path).put("one", ONE)
    entry(tmp_path).write_text(content)
    assert Cache(tmp_path).get("one", Facts) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="changes owners")
def test_what_others_can_write_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Cache(folder).put("one", ONE)
    entry(folder).chmod(0o666)
    assert Cache(folder).get("one", Facts) is None
    entry(folder).chmod(0o600)
    os.chown(entry(folder), 1, 1)
    assert Cache(folder).get("one", Facts) is None
    os.chown(entry(folder), 0, 0)
    assert Cache(folder).get("one", Facts) == ONE
    folder.chmod(0o770)
    assert Cache(folder).get("one", Facts) is None
    folder.chmod(0o700)
    os.chown(folder, 1, 1)
    assert Cache(folder).get("one", Facts) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Cache(folder).put("one", ONE)
    found = entry(folder)
    found.rename(tmp_path / "elsewhere")
    found.symlink_to(tmp_path / "elsewhere")
    assert Cache(folder).get("one", Facts) is None


def test_another_analysis_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache(tmp_path).put("one", ONE)
    monkeypatch.setattr(caching, "_version", lambda: "another")
    assert Cache(tmp_path).get("one", Facts) is None


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cache(tmp_path)
    for number in range(10):
        kept.put(str(number), Facts(soname="x" * 1000))
    for number, found in enumerate(sorted(tmp_path.iterdir())):
        os.utime(found, (number, number))
    oldest = sorted(tmp_path.iterdir())[:3]
    kept.prune()
    assert len(list(tmp_path.iterdir())) == 10
    monkeypatch.setattr(caching, "LARGEST", 9 * oldest[0].stat().st_size)
    kept.prune()
    assert len(list(tmp_path.iterdir())) == 6
    assert not any(each.exists() for each in oldest)


@pytest.mark.parametrize(
    ("named", "found"),
    [("/x", Path("/x/beacon/reach")), ("relative", Path("/h/.cache/beacon/reach"))],
)
def test_where(named: str, found: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", "/h")
    assert default_directory() == found
