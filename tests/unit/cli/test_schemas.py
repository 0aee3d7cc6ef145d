"""docs/schemas describes what is written: the files of a directory, and what `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from beacon.campaign.doctor import Finding
from beacon.cli import main as cli
from beacon.cli.console import Console
from beacon.cli.documents import DOCUMENTS
from beacon.data import runtimes as data
from beacon.data.cves import cves
from beacon.engines.choose import EngineChoice
from beacon.engines.runtime_version import RuntimeVersion
from beacon.model.denial import Denial, DenialKind, Standing, Watched
from beacon.model.event import Syscall
from beacon.model.files import PROFILE_FILE, encode, write_files
from beacon.model.leftovers import Kept, Swept
from beacon.model.observation import Loss
from beacon.process_identity import Fate
from beacon.synthesis.synthesize import synthesize
from fakes import FakeEngine
from schema_files import FILES, FOLDER, schemas
from unit.cli.stored import ablated, failed, passed, stored_profile
from unit.fleet.fakes import FakeWorkers, done

SNAPSHOTS = Path(__file__).parent / "snapshots"
#: Documents of these kinds are among the snapshots; the others are made here.
SHOWN = {
    "merge": ("merge",),
    "check": ("check",),
    "profile": ("profile",),
    "policy": ("policy",),
    "verification": ("verify", "verify-failed"),
    "verification-log": ("verify-log",),
    "healing": ("verify-heal",),
    "ablation": ("ablate",),
    "explanation": ("explain", "explain-capability"),
    "unseen": ("explain-unseen",),
    "difference": ("diff",),
    "cves": ("cves",),
    "cves-drill": ("cves-drill",),
    "report": ("report",),
}
MADE = {
    "doctor": ("doctor",),
    "dimensions": ("dimensions",),
    "reach": ("reach", "DIR"),
    # What follows `--` is the user's own command.
    "record": ("record", "--json", "--compose", "DIR/c", "-o", "DIR/out", "--", "true"),
    "fleet": ("fleet", "--json", "-o", "DIR/out", "DIR/fleet.toml"),
    "runtimes": ("runtimes",),
    "services": ("services",),
    "clean": ("clean",),
    "cves-update": ("cves", "update", "--from", "DIR/feed"),
}
_DENIAL = Denial(
    event=Syscall("mount", argument="plain"),
    kind=DenialKind.WOULD_BE,
    standing=Standing.BEYOND,
    count=3,
    processes=("server",),
)
#: What `beacon watch` writes a line each (test_watch.py).
LINES: Mapping[str, msgspec.Struct] = {
    "denial": _DENIAL,
    "watched": Watched(
        container="web",
        image="web:1",
        seconds=1.5,
        restarts=0,
        denials=(_DENIAL,),
        losses=(Loss("names", 1),),
        unnumbered=0,
    ),
}


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def _validate(document: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Every field is described, and is as described."""
    assert document.keys() <= schema["properties"].keys()
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)


def test_the_schemas_are_what_the_types_say() -> None:
    there = {path: path.read_bytes() for path in FOLDER.rglob("*.schema.json")}
    assert there == schemas()


def test_every_kind_has_a_document() -> None:
    assert SHOWN.keys() | MADE.keys() | LINES.keys() == DOCUMENTS.keys()


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    policy = synthesize(stored_profile())
    made: dict[str, list[msgspec.Struct]] = {
        "profile.json": [stored_profile()],
        "policy.json": [policy],
        "verification.json": [passed(policy), failed(policy)],
        "ablation.json": [ablated()],
    }
    for document in made[name]:
        _validate(json.loads(encode(document)), _schema(name))


@pytest.mark.parametrize("kind", SHOWN)
def test_what_commands_show(kind: str) -> None:
    for name in SHOWN[kind]:
        document = json.loads((SNAPSHOTS / f"{name}.json").read_bytes())
        _validate(document, _schema(f"output/{kind}"))


@pytest.mark.parametrize("kind", LINES)
def test_lines(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    Console().document_line(kind, LINES[kind])
    _validate(json.loads(capsys.readouterr().out), _schema(f"output/{kind}"))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile, a feed of exploited CVEs, and a host that has what the commands look for."""
    write_files(tmp_path, {PROFILE_FILE: encode(stored_profile())})
    (tmp_path / "feed").write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2014-0038"}]}))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(data, "HOST_TABLE", tmp_path / "none.toml")
    (tmp_path / "fleet.toml").write_text('[[images]]\nimage = "web"\n')
    monkeypatch.setattr("beacon.cli.fleet._engine", lambda *_: EngineChoice())
    monkeypatch.setattr("beacon.cli.fleet._workers", lambda *_: FakeWorkers(done))
    monkeypatch.setattr("beacon.cli.record.record", lambda *_: {"web": stored_profile()})
    installed = {"/usr/bin/runc": RuntimeVersion("runc", "1.1.5")}
    monkeypatch.setattr("beacon.cli.runtimes._installed", lambda _: installed)
    swept = Swept(("container a",), (Kept("container b", Fate.ALIVE),))
    monkeypatch.setattr("beacon.cli.clean.open_all", lambda: nullcontext([FakeEngine()]))
    monkeypatch.setattr("beacon.cli.clean.clean", lambda engine, everything: swept)
    monkeypatch.setattr(
        "beacon.cli.doctor.examine", lambda *_: [Finding("root", True, "this is root")]
    )
    return tmp_path


@pytest.mark.parametrize("kind", MADE)
def test_what_other_commands_show(
    kind: str, host: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cves.cache_clear()
    words = [word.replace("DIR", str(host)) for word in MADE[kind]]
    assert cli.main([*words, "--json"]) == 0
    cves.cache_clear()
    _validate(json.loads(capsys.readouterr().out), _schema(f"output/{kind}"))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("output/policy", {"schema": "beacon.profile/1"}),
        ("output/policy", {"entries": [{"event": "read"}]}),
        ("output/verification", {"verdict": "perhaps"}),
    ],
)
def test_a_wrong_document_is_refused(name: str, wrong: dict[str, Any]) -> None:
    snapshot = {"output/policy": "policy", "output/verification": "verify"}[name]
    document = json.loads((SNAPSHOTS / f"{snapshot}.json").read_bytes()) | wrong
    with pytest.raises(jsonschema.ValidationError):
        _validate(document, _schema(name))
