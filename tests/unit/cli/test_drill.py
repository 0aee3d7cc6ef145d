from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.campaign.proving import prove
from beacon.campaign.request import VerifyRequest
from beacon.cli.console import Console
from beacon.cli.progress import Progress
from beacon.data.cves import cves
from beacon.errors import UsageError
from beacon.model.event import Syscall
from beacon.model.files import PROFILE_FILE, encode, load_policy, write_files
from unit.cli.stored import stored_profile
from unit.documents.harness import check, fake_host

OPEN = "CVE-2014-7822"  # through sendfile


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    cves.cache_clear()
    write_files(tmp_path / "profile", {PROFILE_FILE: encode(stored_profile())})
    for name, words in (("open", ()), ("stopped", ("--deny", "sendfile"))):
        made = ("policy", tmp_path / "profile", "-o", tmp_path / name, *words)
        assert check(tmp_path, *made)[0] == 0
    yield tmp_path
    cves.cache_clear()


def test_which_stop_it_and_which_do_not(place: Path) -> None:
    names = [place / name for name in ("open", "stopped", "profile")]
    code, out, _ = check(place, "cves", "--id", OPEN.lower(), *names)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith(f"{OPEN}: ")
    assert f"{names[0]} (example/server:1): open through sendfile" in lines
    assert "  to stop it  --deny sendfile" in lines
    assert "  runs        http@default (1 check)" in lines
    assert any(line.startswith(f"{names[1]} (example/server:1): stopped") for line in lines)
    assert lines[-1] == "1 of 3 policies stop it."


def test_a_document(place: Path) -> None:
    names = [place / name for name in ("open", "stopped")]
    _, out, _ = check(place, "cves", "--id", OPEN, "--json", *names)
    document = json.loads(out)
    assert document["schema"] == "beacon.cves-drill/1"
    opened, stopped = document["policies"]
    assert (opened["drill"]["stopped"], stopped["drill"]["stopped"]) == (False, True)
    assert opened["drill"]["affected"] == [{"run": "http@default", "checks": 1}]


@pytest.mark.parametrize("name", ["open", "profile"])
def test_a_proof_changes_no_file_and_leaves_none(place: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in (place / name).iterdir()}
    options = ("--prove", "--trust", "--starts", "0", "--quick", "--jobs", "1")
    code, out, _ = check(place, "cves", "--id", OPEN, *options, place / name)
    # The fake container answers nothing, without the policy as well.
    assert code == 11
    assert "NOT verified, and not by the policy's fault" in out
    assert {path: path.read_bytes() for path in (place / name).iterdir()} == before
    assert list((place / "temporary").iterdir()) == []


def test_what_a_policy_asks_of_this_host_needs_consent(place: Path) -> None:
    """Keyctl, which Docker's default filter denies, was recorded somewhere else."""
    code, out, _ = check(place, "cves", "--id", OPEN, "--prove", place / "open")
    assert code == 1
    assert "not proven  This policy asks for what a plain container does not have" in out


def test_what_a_runtime_needs_is_not_tried(place: Path) -> None:
    policy = load_policy(place / "open")
    with pytest.raises(UsageError, match="container runtime itself needs execve: no container"):
        prove(
            policy,
            frozenset({Syscall("execve")}),
            VerifyRequest(place / "open"),
            Progress(Console(), 1),
        )


def test_what_no_policy_changes(place: Path) -> None:
    code, out, _ = check(place, "cves", "--id", "CVE-2016-5195", "--prove", place / "open")
    assert code == 0
    assert "No policy makes a difference to it" in out
