from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.cli.console import Console
from beacon.cli.main import build_parser
from beacon.data.cves import cves
from beacon.model.files import POLICY_FILE, encode, write_files
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

#: Open under the policy below, and surely so.
HIGH = "CVE-2016-0728"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    cves.cache_clear()
    made = synthesize(profile(run(call("read"), call("keyctl"), call("request_key"))))
    write_files(tmp_path / "policy", {POLICY_FILE: encode(made)})
    yield tmp_path / "policy"
    cves.cache_clear()


def beacon(*arguments: str) -> None:
    options = build_parser().parse_args(arguments)
    assert options.run(options, Console()) == 0


def sure(cve_id: str) -> str:
    return next(cve.provenance.sure for cve in cves() if cve.id == cve_id)


def test_cves_say_how_sure_their_judgement_is(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beacon("cves", str(policy), "--all")
    heads, *lines = capsys.readouterr().out.splitlines()
    assert heads.split()[-1] == "sure"
    row = next(line for line in lines if line.startswith(HIGH))
    assert row.split()[-1] == sure(HIGH)


def test_a_document_says_who_judged_and_why(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beacon("cves", str(policy), "--all", "--json")
    document = json.loads(capsys.readouterr().out)
    (found,) = (each["cve"] for each in document["cves"] if each["cve"]["id"] == HIGH)
    assert found["provenance"]["sure"] == "high"
    assert [each["by"] for each in found["provenance"]["judged_by"]] == ["reader-a", "reader-b"]
    assert found["provenance"]["why"]
    counted = [cve for cve in cves() if cve.counts]
    assert document["stopped"] + document["open"] == len(document["cves"]) == len(counted)


def test_explain_marks_what_is_less_sure(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beacon("explain", str(policy), "keyctl")
    (line,) = (each for each in capsys.readouterr().out.splitlines() if each.startswith("  opens "))
    named = [each.strip() for each in line.removeprefix("  opens").split(" and ")[0].split(",")]
    assert {sure(each.split()[0]) == "high" for each in named} == {True, False}
    for each in named:
        degree = sure(each.split()[0])
        assert ("(sure:" in each) is (degree != "high"), each
