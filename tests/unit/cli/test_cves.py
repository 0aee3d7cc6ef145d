from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beacon.cli.console import Console
from beacon.cli.main import build_parser
from beacon.data.cves import cves
from beacon.errors import BeaconError, ExitCode, UsageError

LOW = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N"
ID = "CVE-2014-0196"  # not scored by NVD but in version 2, and known to be exploited


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    cves.cache_clear()
    yield tmp_path / "data" / "beacon"
    cves.cache_clear()


def nvd(cve_id: str, vector: str) -> dict[str, Any]:
    metric = {"source": "nvd@nist.gov", "cvssData": {"vectorString": vector}}
    return {"cve": {"id": cve_id, "metrics": {"cvssMetricV31": [metric]}}}


def feed(path: Path, *items: Any) -> Path:
    raw = json.dumps({"vulnerabilities": items}).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def beacon(*arguments: str) -> ExitCode:
    options = build_parser().parse_args(["cves", *arguments])
    return options.run(options, Console())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["feed.json", "feed.json.gz"])
def test_scores_are_kept_for_the_user(
    tmp_path: Path, home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = feed(tmp_path / name, nvd(ID, LOW), nvd("CVE-1999-0001", LOW), {"cveID": ID})
    assert beacon("update", "--from", str(path)) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{ID} 3.3 (CVSS 3.1, nvd)",
        "1 updated, 0 unchanged, 1 unknown to BeaCon",
    ]
    assert str(home / "cve-scores.json") in said.err
    score = next(cve.cvss for cve in cves() if cve.id == ID)
    assert score is not None
    assert (score.base_score, score.by) == (3.3, "nvd")


def test_twice_is_once(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = feed(tmp_path / "feed", nvd(ID, LOW), {"cveID": "CVE-2014-0038"})
    beacon("update", "--from", str(path))
    kept = (home / "cve-scores.json").read_bytes()
    beacon("update", "--from", str(path))
    out = capsys.readouterr().out.splitlines()
    assert out[1:3] == [
        "CVE-2014-0038 known to be exploited",
        "2 updated, 0 unchanged, 0 unknown to BeaCon",
    ]
    assert out[3:] == ["0 updated, 2 unchanged, 0 unknown to BeaCon"]
    assert (home / "cve-scores.json").read_bytes() == kept


def test_a_document(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = feed(tmp_path / "feed", nvd(ID, LOW), nvd("CVE-2014-0038", "\x1b[2J"))
    beacon("update", "--json", "--from", str(path))
    score = {"version": "3.1", "vector": LOW, "base_score": 3.3, "by": "nvd"}
    assert json.loads(capsys.readouterr().out) == {
        "schema": "beacon.cves-update/1",
        "file": str(home / "cve-scores.json"),
        "updated": {ID: {"cvss": score}},
        "unchanged": 1,
        "unknown": 0,
        "refused": 1,
    }


def test_texts_from_outside_move_no_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = {
        "providerMetadata": {"shortName": "\x1b[2J\u202e[red]"},
        "metrics": [{"cvssV3_1": {"vectorString": LOW}}],
    }
    record = {"cveMetadata": {"cveId": "CVE-2025-40019"}, "containers": {"cna": container}}
    (tmp_path / "feed").write_text(json.dumps(record))
    beacon("update", "--from", str(tmp_path / "feed"))
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert r"cna:\\x1b[2J" in said.out or r"cna:\x1b[2J" in said.out


def test_the_file_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="--from FILE"):
        beacon("update")


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}", b"[" * 100_000, b"\x1f\x8bx"])
def test_garbage_changes_nothing(tmp_path: Path, home: Path, content: bytes) -> None:
    (tmp_path / "feed").write_bytes(content)
    with pytest.raises(UsageError) as failure:
        beacon("update", "--from", str(tmp_path / "feed"))
    assert failure.value.exit_code is ExitCode.USAGE
    assert not home.exists()


def test_a_damaged_file_of_one_s_own_is_not_written_over(tmp_path: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "cve-scores.json").write_text("{")
    with pytest.raises(UsageError, match="remove it"):
        beacon("update", "--from", str(feed(tmp_path / "feed", nvd(ID, LOW))))
    assert (home / "cve-scores.json").read_text() == "{"


def test_a_directory_that_cannot_be_written(tmp_path: Path, home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("a file")
    with pytest.raises(BeaconError):
        beacon("update", "--from", str(feed(tmp_path / "feed", nvd(ID, LOW))))


def test_an_unknown_cve_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("CVE-2099-1", "\x1b[2J", "x" * 999):
        with pytest.raises(UsageError, match="BeaCon does not know what an attack on '") as failure:
            beacon("--id", name, "nowhere")
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 300


@pytest.mark.parametrize("words", [("a", "b"), ("--prove", "a")])
def test_several_directories_are_about_one_cve(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="name it with --id"):
        beacon(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--quick", "a"), "about --prove"),
        (("--trust", "--id", "CVE-2014-7822", "a"), "about --prove"),
        (("--all", "--id", "CVE-2014-7822", "a"), "leave it or --id out"),
    ],
)
def test_no_option_is_without_effect(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        beacon(*words)
