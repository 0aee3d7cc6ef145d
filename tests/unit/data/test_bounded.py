from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from beacon.data.bounded import read_bounded
from beacon.errors import UsageError


def test_plain_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"text", gzip.compress(b"text", mtime=0)):
        path.write_bytes(content)
        assert read_bounded(path, 4) == b"text"
    path.write_bytes(b"")
    assert read_bounded(path, 4) == b""


@pytest.mark.parametrize("content", [b"x" * 101, gzip.compress(b"\0" * 10_000_000, mtime=0)])
def test_the_bound_is_on_what_comes_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="larger than"):
        read_bounded(tmp_path / "file", 100)


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b",
        b"\x1f\x8bgarbage that is no gzip",
        gzip.compress(b"text" * 100, mtime=0)[:-12],
        gzip.compress(b"text" * 100, mtime=0)[:-8] + b"checksum",
    ],
)
def test_damaged_gzip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="Cannot read"):
        read_bounded(tmp_path / "file", 1000)


@pytest.mark.parametrize("name", [".", "missing", "a\0b", "x" * 300, "\x1b[2J"])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="Cannot read") as failure:
        read_bounded(tmp_path / name, 1000)
    assert str(failure.value).isprintable()
