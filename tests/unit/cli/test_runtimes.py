"""`beacon runtimes`, with a runtime that runs nothing and a monitor that replays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beacon.campaign.runtime_measuring import Measured
from beacon.cli import main as cli
from beacon.cli import runtimes
from beacon.data import runtimes as data
from beacon.data.runtimes import find_floor, load
from beacon.model.event import Syscall
from beacon.monitor.replay import ReplayMonitor


@pytest.fixture(autouse=True)
def no_table_of_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "HOST_TABLE", tmp_path / "none.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


@pytest.fixture
def youki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    program = tmp_path / "youki"
    program.write_text("#!/bin/sh\necho youki version 0.5.1\n")
    program.chmod(0o755)
    measured = Measured(starts=40, execs=2)
    measured.calls.update({Syscall("close"): 40, Syscall("umask"): 3})
    measured.exec.update({Syscall("close"): 2, Syscall("statx"): 2})
    monkeypatch.setattr(runtimes, "open_monitor", lambda: ReplayMonitor([]))
    monkeypatch.setattr(runtimes, "measure", lambda *_: measured)
    return str(program)


def test_a_list(youki: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runtimes", "--runtime", youki]) == 0
    out = capsys.readouterr().out
    assert "runc 1.1.5+ds1" in out
    assert f"installed: youki 0.5.1 ({youki}), not measured: add --measure" in out
    assert "by chance: runc rt_sigreturn: Go's monitor thread" in out


def test_a_measurement_is_told(youki: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runtimes", "--measure", "--runtime", youki]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "youki 0.5.1: 40 starts",
        "      40 close",
        "       3 umask  (in no table)",
        "  for a joining process also: statx",
    ]


def test_a_measurement_is_added_to_a_table(
    youki: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "tables" / "runtimes.toml"
    for _ in range(2):
        assert cli.main(["runtimes", "--measure", "--runtime", youki, "-o", str(table)]) == 0
    floor = find_floor(load(table), "youki")
    assert floor is not None
    assert set(floor.calls) == {Syscall("close"), Syscall("umask")}
    assert set(floor.exec) == {Syscall("statx")}
    assert len(load(table).runtimes) == 1
    assert sorted(path.name for path in table.parent.iterdir() if path.suffix) == [table.name]
    assert "Traceback" not in capsys.readouterr().err


def test_as_json(youki: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runtimes", "--measure", "--json", "--runtime", youki]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "beacon.runtimes/1"
    assert document["measured"][0]["calls"] == {"close": 40, "umask": 3}


@pytest.mark.parametrize(
    "words",
    [
        ["--runtime", "/nonexistent"],
        ["--measure", "--runtime", "sh"],
        ["-o", "table.toml"],
        ["--starts", "-1"],
    ],
)
def test_bad_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = cli.main(["runtimes", *words])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    assert code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_table_is_named(
    youki: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "runtimes.toml"
    table.write_text("nonsense")
    assert cli.main(["runtimes", "--measure", "--runtime", youki, "-o", str(table)]) == 2
    assert "runtimes.toml is not a table of runtimes" in capsys.readouterr().err
    assert table.read_text() == "nonsense"
