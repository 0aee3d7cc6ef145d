from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from beacon.engines.file_copy import budget, copy, left_out, measure
from beacon.engines.file_tree import Budget, StoppedError, TooLargeError

HOLE = 64 << 20


@pytest.fixture
def source(tmp_path: Path) -> Path:
    top = tmp_path / "source"
    (top / "deep").mkdir(parents=True)
    (top / "deep" / "file").write_text("content")
    (top / "deep" / "file").chmod(0o4750)
    (top / "hard").hardlink_to(top / "deep" / "file")
    (top / "away").symlink_to("/etc/passwd")
    os.mkfifo(top / "pipe")
    os.utime(top / "deep", (1, 2))
    return top


def copied(source: Path, limit: Budget | None = None) -> Path:
    target = source.parent / "copy"
    copy(source, target, limit or budget())
    return target


def test_modes_times_and_links_stay(source: Path) -> None:
    target = copied(source)
    assert sorted(p.name for p in target.iterdir()) == ["away", "deep", "hard", "pipe"]
    file = (target / "hard").stat()
    assert (target / "deep" / "file").stat().st_ino == file.st_ino
    assert (target / "hard").read_text() == "content"
    assert stat.S_IMODE(file.st_mode) == 0o4750
    assert (target / "away").readlink() == Path("/etc/passwd")
    assert stat.S_ISFIFO((target / "pipe").stat().st_mode)
    assert (target / "deep").stat().st_mtime == 2
    assert (target / "hard").stat().st_mtime_ns == (source / "hard").stat().st_mtime_ns


def test_owners_stay(source: Path) -> None:
    if os.geteuid():
        pytest.skip("a file can be given away by root alone")
    for path in (source / "hard", source):
        os.chown(path, 1234, 5678)
    (source / "hard").chmod(0o4750)
    os.chown(source / "away", 12, 34, follow_symlinks=False)
    target = copied(source)
    owners = [(found.st_uid, found.st_gid) for found in (target.stat(), (target / "hard").stat())]
    assert owners == [(1234, 5678)] * 2
    assert (target / "away").lstat().st_uid == 12
    assert stat.S_IMODE((target / "hard").stat().st_mode) == 0o4750


def test_attributes_stay(source: Path) -> None:
    try:
        os.setxattr(source / "hard", "user.note", b"kept")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    os.setxattr(source, "user.note", b"too")
    target = copied(source)
    assert os.getxattr(target / "hard", "user.note") == b"kept"
    assert os.getxattr(target, "user.note") == b"too"


def test_holes_stay(source: Path) -> None:
    with (source / "sparse").open("wb") as file:
        file.seek(HOLE)
        file.write(b"end")
        file.truncate(2 * HOLE)
    target = copied(source, Budget(100, 1 << 20))
    found = (target / "sparse").stat()
    assert found.st_size == 2 * HOLE
    assert found.st_blocks * 512 < 1 << 20
    with (target / "sparse").open("rb") as copy_of_it:
        copy_of_it.seek(HOLE)
        assert copy_of_it.read(4) == b"end\0"


def test_sockets_are_left_out(source: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(source / "deep" / "socket"))
        assert list(left_out(source, budget())) == ["deep/socket"]
        assert not (copied(source) / "deep" / "socket").exists()


def test_one_file(source: Path) -> None:
    target = copied(source / "deep" / "file")
    assert target.read_text() == "content"


def test_into_an_empty_folder(source: Path) -> None:
    (source.parent / "copy").mkdir()
    assert (copied(source) / "hard").exists()


@pytest.mark.parametrize("limit", [Budget(5, 7), Budget(6, 6)])
def test_there_is_an_end_to_it(source: Path, limit: Budget) -> None:
    with pytest.raises(TooLargeError):
        copied(source, limit)


def test_the_limit_itself_is_allowed(source: Path) -> None:
    copied(source, Budget(6, 7))  # `.`, away, deep, deep/file, hard, pipe


def test_it_ends_with_the_command(source: Path) -> None:
    asked = iter([False] * 5)
    with pytest.raises(StoppedError):
        copied(source, budget(lambda: next(asked, True)))
    assert not (source.parent / "copy" / "pipe").exists()


def test_it_is_measured_before_it_is_copied(source: Path) -> None:
    measure(source, Budget(6, 4096))
    for limit in (Budget(5, 4096), Budget(6, 6)):
        with pytest.raises(TooLargeError):
            measure(source, limit)
