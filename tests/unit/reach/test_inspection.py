"""What was found before is not found again."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import pytest

from beacon.reach import archive as reading
from beacon.reach.cache import Cache
from beacon.reach.inspection import UnreadableError, inspect
from beacon.reach.limits import FAILED
from unit.reach.elves import archive

FILES = {"bin/true": Path("/bin/true").read_bytes(), "run": b"#!/bin/sh\ntrue\n"}


class Engine:
    """Counts how often an image's files are asked for."""

    def __init__(self, content: bytes) -> None:
        self.content, self.asked = content, 0

    def files(self) -> AbstractContextManager[IO[bytes]]:
        self.asked += 1
        return nullcontext(io.BytesIO(self.content))


def test_an_image_is_read_once(tmp_path: Path) -> None:
    engine = Engine(archive(FILES).getvalue())
    first = inspect(engine.files, "sha256:1", Cache(tmp_path))
    assert {each.path for each in first[0].files} == {"/bin/true", "/run"}
    assert first[1].keys() == {each.digest for each in first[0].files}
    assert inspect(engine.files, "sha256:1", Cache(tmp_path)) == first
    assert engine.asked == 1


def test_files_of_other_images_are_analysed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(archive(FILES).getvalue())
    first = inspect(engine.files, "sha256:1", Cache(tmp_path))
    monkeypatch.setattr("beacon.reach.pool.Worker.ask", lambda *_: pytest.fail("asked again"))
    assert inspect(engine.files, "sha256:2", Cache(tmp_path)) == first


def test_what_was_lost_is_found_again(tmp_path: Path) -> None:
    engine = Engine(archive(FILES).getvalue())
    first = inspect(engine.files, "sha256:1", Cache(tmp_path))
    for entry in sorted(tmp_path.iterdir(), key=lambda each: each.stat().st_size)[1:]:
        entry.write_bytes(b"")
    assert inspect(engine.files, "sha256:1", Cache(tmp_path)) == first
    assert engine.asked == 2


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_damaged_archive_is_one_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"is damaged \(ReadError\): try again\.$"):
        inspect(Engine(content).files, "sha256:1", Cache(None))


def test_an_endless_one_is_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MEMBERS", 1)
    engine = Engine(archive(FILES).getvalue())
    with pytest.raises(UnreadableError, match="more than 1 files: its reach is unknown"):
        inspect(engine.files, "sha256:1", Cache(None))


def test_what_may_turn_out_better_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(archive(FILES).getvalue())
    with monkeypatch.context() as patched:
        patched.setattr("beacon.reach.pool.Worker.ask", lambda *_: None)
        failed = inspect(engine.files, "sha256:1", Cache(tmp_path))
    assert {reason for each in failed[1].values() for reason in each.unresolved} == {FAILED}
    found = inspect(engine.files, "sha256:1", Cache(tmp_path))
    assert FAILED not in {reason for each in found[1].values() for reason in each.unresolved}
