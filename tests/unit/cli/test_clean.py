from __future__ import annotations

import argparse
import json
from contextlib import nullcontext

import pytest

from beacon.cli import clean
from beacon.cli.console import Console
from beacon.errors import ExitCode
from beacon.model.leftovers import Kept, Swept
from beacon.process_identity import Fate
from fakes import FakeEngine


def run(swept: Swept, monkeypatch: pytest.MonkeyPatch, *, as_json: bool = False) -> None:
    monkeypatch.setattr(clean, "open_all", lambda: nullcontext([FakeEngine()]))
    monkeypatch.setattr(clean, "clean", lambda engines, everything: swept)
    options = argparse.Namespace(all=False, json=as_json)
    assert clean.run(options, Console()) is ExitCode.DONE


def test_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(Swept(), monkeypatch)
    assert capsys.readouterr() == ("", "Nothing was left behind.\n")


def test_whose_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kept = [Kept(f"cgroup {number}", Fate.ALIVE) for number in range(7)]
    kept += [Kept("container a", Fate.OTHER_HOST), Kept("network b", Fate.OTHER_HOST)]
    kept += [Kept("volume c", Fate.OTHER_NAMESPACE)]
    run(Swept(("container x", "folder y"), tuple(kept)), monkeypatch)
    out, err = capsys.readouterr()
    assert out == "removed container x\nremoved folder y\n"
    assert err.splitlines() == [
        "Kept because the process that made it is running: "
        "cgroup 0, cgroup 1, cgroup 2, cgroup 3, cgroup 4 and 2 more (--json lists all).",
        "Kept because it belongs to another host: container a, network b. Use --all to remove it.",
        "Kept because it belongs to another PID namespace of this host: volume c. "
        "Use --all to remove it.",
    ]


def test_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(Swept(("a",), (Kept("b", Fate.UNKNOWN),)), monkeypatch, as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "schema": "beacon.clean/1",
        "removed": ["a"],
        "kept": [{"name": "b", "maker": "unknown"}],
    }
    assert err == ""
