from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beacon.errors import UsageError
from beacon.fleet.read import DOCUMENT_FILE, JOURNAL_FILE, MOST
from beacon.fleet.result import Result, Status
from beacon.fleet.summary_file import is_fleet, read_summary
from unit.page.hostile import ATTACK

WEB = Result(name="web", image="web:1", status=Status.FAILED, reason="no such image")


def written(folder: Path, images: Any, schema: Any = "beacon.fleet/1") -> Path:
    content = {"schema": schema, "images": msgspec.to_builtins(images)}
    (folder / DOCUMENT_FILE).write_text(json.dumps(content))
    return folder


def named(name: str) -> Result:
    return msgspec.structs.replace(WEB, name=name)


def test_it_is_read(tmp_path: Path) -> None:
    assert read_summary(written(tmp_path, [WEB])).images == (WEB,)


@pytest.mark.parametrize("name", ["../x", "/etc", "..", "", "a/b", ATTACK, "a\n", "fleet.json"])
def test_a_name_that_no_directory_of_a_fleet_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"is damaged \(it calls an image") as raised:
        read_summary(written(tmp_path, [named(name)]))
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([named("web"), named("Web")], "two images 'Web'"),
        ([named(f"a{n}") for n in range(MOST + 1)], "more than 10000 images"),
        ([{"name": "web"}], "missing required field `image`"),
        ([{**msgspec.to_builtins(WEB), "status": "fine"}], "Invalid enum value"),
        ([{**msgspec.to_builtins(WEB), "runs": -1}], "`int` >= 0"),
        ("web", "Expected `array`"),
    ],
)
def test_a_damaged_file(tmp_path: Path, images: Any, said: str) -> None:
    with pytest.raises(UsageError, match=f"is damaged .*{said}.*make it again with `beacon fleet`"):
        read_summary(written(tmp_path, images))


@pytest.mark.parametrize("schema", ["beacon.policy/2", "beacon.fleet/", "beacon.fleet/0", "\x1b"])
def test_another_document(tmp_path: Path, schema: str) -> None:
    with pytest.raises(UsageError, match="is damaged") as raised:
        read_summary(written(tmp_path, [WEB], schema))
    assert str(raised.value).isprintable()


def test_a_newer_version(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has version 2, newer than 1: update BeaCon"):
        read_summary(written(tmp_path, "whatever it means there", "beacon.fleet/2"))


@pytest.mark.parametrize("raw", [b"", b"[" * 100_000, b"\xff", b"{}", b"null"])
def test_what_is_not_such_a_document(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / DOCUMENT_FILE).write_bytes(raw)
    with pytest.raises(UsageError, match="is damaged"):
        read_summary(tmp_path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / DOCUMENT_FILE).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match=r"Cannot read .* \(it is larger than 64 MiB\)"):
        read_summary(tmp_path)


def test_a_directory_of_a_fleet(tmp_path: Path) -> None:
    assert not is_fleet(tmp_path)
    assert not is_fleet(tmp_path / "nothing")
    (tmp_path / JOURNAL_FILE).touch()
    with pytest.raises(UsageError, match="has not ended: continue it with `beacon fleet --resume`"):
        is_fleet(tmp_path)
    assert is_fleet(written(tmp_path, [WEB]))
