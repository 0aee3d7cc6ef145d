from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from beacon.campaign.standard_input import StandardInput, standard_input
from beacon.errors import UsageError
from beacon.model.launch import Launch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "input"
    path.write_bytes(b"x" * (3 << 20) + b"end")
    return path


def test_the_same_bytes_each_time_and_side_by_side(file: Path) -> None:
    with StandardInput(file) as given:
        one, two = given.stream(), given.stream()
        first = next(one)
        assert b"".join(two) == file.read_bytes()
        assert first + b"".join(one) == file.read_bytes()
        assert len(first) < len(file.read_bytes())
        assert given.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_launch_knows_which_file_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    with standard_input(Launch(stdin="input")) as (launch, given):
        assert given is not None
        assert launch == Launch(stdin=str(file), stdin_sha256=given.sha256, interactive=True)
    with standard_input(Launch()) as (launch, given):
        assert (launch, given) == (Launch(), None)


def test_the_file_itself_stays_the_input_whatever_takes_its_name(file: Path) -> None:
    with StandardInput(file) as given:
        file.rename(file.with_name("other"))
        file.write_bytes(b"stranger")
        assert next(given.stream()) == b"x" * (1 << 20)


def test_what_changes_meanwhile_is_noticed(file: Path) -> None:
    with StandardInput(file) as given:
        file.write_bytes(b"other")
        with pytest.raises(UsageError, match="has changed since this command began"):
            given.stream()


def test_what_cannot_be_read_again_and_again_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("pipe", "not a regular file"),
        (".", "not a regular file"),
        ("absent", "No such file"),
        ("input\0", "its name is none"),
    ):
        with pytest.raises(UsageError, match=f"Cannot read .*{said}.*--stdin"):
            StandardInput(tmp_path / name)
    with pytest.raises(UsageError, match="not a regular file"):
        StandardInput(Path(os.devnull))
