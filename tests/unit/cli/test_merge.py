from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import msgspec
import pytest

from beacon.model.files import ABLATION_FILE, PROFILE_FILE, encode, load_profile, write_files
from beacon.model.profile import Profile
from beacon.model.script import Script
from unit.cli.stored import ablated, other_profile, stored_profile
from unit.documents.harness import check, fake_host

DRIVE = b"#!/bin/sh\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    return tmp_path


def written(folder: Path, profile: Profile, script: bytes | None = None) -> Path:
    files = {}
    if script is not None:
        kept = Script("./drive.sh", hashlib.sha256(script).hexdigest())
        profile = msgspec.structs.replace(profile, scripts=(kept,))
        files = {kept.file: script}
    write_files(folder, {PROFILE_FILE: encode(profile), **files})
    return folder


def test_what_is_written_can_be_read_and_merged_again(place: Path) -> None:
    first, second = (
        written(place / "first", stored_profile()),
        written(place / "second", other_profile()),
    )
    both, again = place / "both", place / "again"
    assert check(place, "merge", first, second, "-o", both)[0] == 0
    assert check(place, "merge", both, first, second, "-o", again)[0] == 0
    assert load_profile(both) == load_profile(again)


def test_what_ablation_said_of_one_profile_is_not_taken_for_the_other(place: Path) -> None:
    first = written(place / "first", stored_profile())
    second = written(place / "second", other_profile())
    said = msgspec.structs.replace(ablated(), profile=stored_profile().digest())
    for folder in (first, second):
        (folder / ABLATION_FILE).write_bytes(encode(said))
    minimal = ("--incomplete", "--minimal", "-o", place / "policy")
    assert check(place, "policy", first, *minimal)[0] == 0
    code, _, error = check(place, "policy", second, *minimal)
    assert code == 2
    assert "is not of the profile beside it" in error
    assert check(place, "merge", first, second, "-o", first)[0] == 0
    assert not (first / ABLATION_FILE).exists()


def test_the_scripts_of_all_come_with_it(place: Path) -> None:
    first = written(place / "first", stored_profile(), DRIVE)
    second = written(place / "second", other_profile())
    for command, out in (("merge", place / "both"), ("policy", place / "policy")):
        code, _, said = check(place, command, first, second, "-o", out)
        assert code == 0, said
        assert (out / "workload.drive.sh").read_bytes() == DRIVE


def test_the_document_says_what_only_one_source_has(place: Path) -> None:
    first = written(place / "first", stored_profile())
    second = written(place / "second", other_profile())
    code, told, _ = check(place, "merge", "--json", first, second, "-o", place / "both")
    sources = json.loads(told)["sources"]
    assert code == 0
    assert [event["name"] for event in sources[1]["only"]] == ["fsync"]


@pytest.mark.parametrize("command", ["merge", "policy"])
def test_one_sentence_says_why_not(place: Path, command: str) -> None:
    other = other_profile()
    image = msgspec.structs.replace(other.image, reference="other/image:1")
    first = written(place / "first", stored_profile())
    second = written(place / "second", msgspec.structs.replace(other, image=image))
    words = (first, second, "-o", place / "out")
    code, told, said = check(place, command, *words)
    assert (code, told) == (2, "")
    assert "different images" in said
    assert not (place / "out").exists()
    code, _, said = check(place, command, "--different-images", *words)
    assert code == 0, said


def test_what_to_do_next_can_be_pasted(place: Path) -> None:
    first = written(place / "a b; true", stored_profile())
    for command, out in (("merge", place / "c $d"), ("policy", place / "p 'q")):
        code, _, said = check(place, command, first, "-o", out)
        assert code == 0, said
        assert shlex.split(said.splitlines()[-1].partition(": beacon ")[2])[1] == str(out)
