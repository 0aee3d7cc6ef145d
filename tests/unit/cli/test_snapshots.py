"""What a user reads and what a program reads: `BEACON_UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beacon.cli.console import document_text
from beacon.cli.main import COMMANDS, build_parser
from beacon.data import runtimes as data
from beacon.data.cves import cves
from beacon.fleet.job import Done, Job
from beacon.fleet.read import DOCUMENT_FILE
from beacon.fleet.result import Result, Status, Summary
from beacon.model.files import PROFILE_FILE, encode, load_policy, write_files
from beacon.model.policy import Policy
from beacon.model.verification import Verification
from fakes import IMAGE
from golden import check_golden
from unit.cli.stored import (
    ablated,
    failed,
    healed,
    logged,
    other_profile,
    passed,
    stored_profile,
)
from unit.documents.harness import check, fake_host
from unit.fleet.fakes import FakeWorkers
from unit.report.checks import CHECKS

SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = tuple(command.__name__.rpartition(".")[2] for command in COMMANDS)
#: The words of each command; DIR is where profile and policy lie.
SHOWN = {
    "profile": ("profile", "-o", "DIR/again", IMAGE.reference),
    "merge": ("merge", "DIR/profile", "DIR/other", "-o", "DIR/again"),
    "policy": ("policy", "DIR/profile", "-o", "DIR/again"),
    "policy-merged": ("policy", "DIR/profile", "DIR/other", "-o", "DIR/again"),
    "fleet": ("fleet", "-o", "DIR/fleet", "DIR/fleet.toml"),
    "verify": ("verify", "DIR/policy"),
    "verify-failed": ("verify", "DIR/policy"),
    "verify-log": ("verify", "--log", "DIR/policy"),
    "verify-heal": ("verify", "--heal", "DIR/policy"),
    "ablate": ("ablate", "DIR/profile"),
    "check": ("check", "--policy", "DIR/policy", "web:2"),
    "explain": ("explain", "DIR/policy", "keyctl"),
    "explain-capability": ("explain", "DIR/policy", "CAP_CHOWN"),
    "explain-unseen": ("explain", "DIR/policy", "--unseen"),
    "diff": ("diff", "DIR/policy", "DIR/strict"),
    "cves": ("cves", "DIR/policy"),
    "cves-drill": ("cves", "--id", "CVE-2014-7822", "DIR/policy", "DIR/strict"),
    "report": ("report", "DIR/profile", "DIR/policy", "-o", "DIR/web.html"),
    "report-fleet": ("report", "DIR/policies", "-o", "DIR/pages"),
}
#: Exit codes other than 0.
CODES = {"fleet": 1, "verify-failed": 10, "verify-log": 10, "check": 10}


FLEET = "".join(f'[[images]]\nimage = "{name}:1"\n' for name in ("web", "db", "worker"))


def _campaign(job: Job) -> Done:
    return Done(_came_to(job.unit.name))


def _came_to(name: str) -> Result:
    """One image that holds, one whose policy fails, one without an answer."""
    image = name.replace("-", ":")
    if name == "worker-1":
        reason = "its worker died 3 times: its process was ended by SIGKILL"
        return Result(name=name, image=image, status=Status.FAILED, reason=reason, seconds=9.5)
    broken = name == "db-1"
    return Result(
        name=name,
        image=image,
        status=Status.POLICY if broken else Status.VERIFIED,
        reason="denied system call: keyctl (1 x), http in default" if broken else None,
        runs=41,
        syscalls=97,
        capabilities=("CAP_CHOWN", "CAP_SETUID"),
        cves_stopped=276,
        cves=287,
        seconds=371.2,
        hosts=("vm",),
    )


def _parsers() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return {"beacon": parser, **commands.choices}


@pytest.mark.parametrize("name", ["beacon", *NAMES])
def test_help(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    check_golden(SNAPSHOTS / f"{name}.help.txt", _parsers()[name].format_help().encode())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained_and_in_a_group(name: str) -> None:
    parser = _parsers()[name]
    assert not parser._optionals._group_actions
    assert not parser._positionals._group_actions
    for action in parser._actions:
        said = action.help or ""
        assert said.endswith("."), action
        assert action.metavar or action.nargs == 0, action
        if action.choices:
            assert all(str(value) in said for value in action.choices), action
        if action.nargs != 0 and action.default not in (None, [], ""):
            assert "Default: " in said, action


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    monkeypatch.setattr("beacon.cli.profile.profile_image", lambda *_: stored_profile())
    monkeypatch.setattr("beacon.cli.fleet._workers", lambda *_: FakeWorkers(_campaign))
    (tmp_path / "fleet.toml").write_text(FLEET)
    monkeypatch.setattr("beacon.cli.check.examine", lambda *_: None)
    monkeypatch.setattr("beacon.cli.check.check", lambda *_: CHECKS["three"]())
    monkeypatch.setattr(data, "HOST_TABLE", tmp_path / "none.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    cves.cache_clear()
    write_files(tmp_path / "profile", {PROFILE_FILE: encode(stored_profile())})
    write_files(tmp_path / "other", {PROFILE_FILE: encode(other_profile())})
    write_files(
        tmp_path / "policies" / "web-1" / "profile", {PROFILE_FILE: encode(stored_profile())}
    )
    summary = Summary(images=tuple(_came_to(name) for name in ("web-1", "db-1", "worker-1")))
    fleet = document_text("fleet", summary)
    write_files(tmp_path / "policies", {DOCUMENT_FILE: fleet.encode()})
    for name, words in (("policy", ()), ("strict", ("--preset", "strict"))):
        made = ("policy", tmp_path / "profile", "-o", tmp_path / name, *words)
        assert check(tmp_path, *made)[0] == 0
    yield tmp_path
    cves.cache_clear()


def _shown(place: Path, name: str, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """What a command writes to stdout; places, keys and BeaCon's version have fixed names."""
    maker: Callable[[Policy], Verification] = failed if name == "verify-failed" else passed
    monkeypatch.setattr(
        "beacon.cli.verify.verify", lambda request, _: maker(load_policy(request.policy))
    )
    for mode, made in (("log", logged), ("heal", healed)):
        monkeypatch.setattr(
            f"beacon.cli.verify.{mode}", lambda r, _, make=made: make(load_policy(r.policy))
        )
    monkeypatch.setattr("beacon.cli.ablate.ablate", lambda *_: ablated())
    command, *rest = SHOWN[name]
    words = [word.replace("DIR", str(place)) for word in (command, *options, *rest)]
    code, out, _ = check(place, *words)
    assert code == CODES.get(name, 0)
    return out.replace(str(place), "DIR")


@pytest.mark.parametrize("name", SHOWN)
def test_text(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_golden(SNAPSHOTS / f"{name}.txt", _shown(place, name, monkeypatch).encode())


@pytest.mark.parametrize("name", SHOWN)
def test_document(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(_shown(place, name, monkeypatch, "--json"))
    if name == "cves":
        document["cves"] = _one_of_each(document["cves"])
    rendered = json.dumps(_steady(document), indent=1) + "\n"
    check_golden(SNAPSHOTS / f"{name}.json", rendered.encode())


def _one_of_each(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first that is stopped and the first that is open: there are hundreds."""
    first = {bool(each["through"]): each for each in reversed(found)}
    return list(first.values())


def _steady(value: Any) -> Any:
    """The document without what another host or version writes otherwise."""
    if isinstance(value, list):
        return [_steady(each) for each in value]
    if not isinstance(value, dict):
        return value
    fixed = {"seal": "SEAL", "beacon": "VERSION"}
    return {
        name: fixed[name] if each and name in fixed else _steady(each)
        for name, each in value.items()
    }


def test_no_snapshot_is_left_over() -> None:
    help_ = {f"{name}.help.txt" for name in ("beacon", *NAMES)}
    shown = {f"{name}.{kind}" for name in SHOWN for kind in ("txt", "json")}
    assert {path.name for path in SNAPSHOTS.iterdir()} == help_ | shown
