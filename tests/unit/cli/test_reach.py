from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from beacon.cli import reach as command
from beacon.cli.console import Console
from beacon.cli.main import build_parser
from beacon.errors import ExitCode, UsageError
from beacon.model.files import PROFILE_FILE, encode
from beacon.model.reach import Caller, Reach, Reachable, Scope, Unresolved
from builders import profile, run
from fakes import FakeEngine

REACH = Reach(
    (
        Reachable("mount", Scope.IMAGE, (Caller("/bin/mount", "/libc", "mount"),)),
        Reachable("readv", Scope.RUN, (Caller("/bin/a", "/libc", "readv"),)),
        Reachable("writev", Scope.BESIDE),
    ),
    (
        Unresolved("/bin/a", "call of syscall()", 2, Scope.RUN),
        Unresolved("", "in other files", 7, Scope.IMAGE),
    ),
    {Scope.RUN: 3, Scope.BESIDE: 4, Scope.IMAGE: 9},
)


def beacon(*arguments: str) -> ExitCode:
    options = build_parser().parse_args(["reach", *arguments])
    return options.run(options, Console())  # type: ignore[no-any-return]


@pytest.fixture
def directory(tmp_path: Path) -> str:
    recorded = msgspec.structs.replace(profile(run()), reach=REACH)
    (tmp_path / PROFILE_FILE).write_bytes(encode(recorded))
    return str(tmp_path)


def test_calls_with_who_can_make_them(directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert beacon(directory) == ExitCode.DONE
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "call scope who",
        "readv run /bin/a imports readv (/libc)",
        "writev beside no program that has a name",
        "",
        "2 system calls are within reach of 4 files (beside).",
        "Further calls may be made where the analysis cannot say which:",
        "/bin/a: call of syscall() (2)",
    ]


def test_other_scopes(directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    beacon(directory, "--scope", "image")
    shown = capsys.readouterr().out
    assert "3 system calls are within reach of 9 files (image)." in shown
    assert "  other files: in other files (7)" in shown


def test_the_document_has_all(directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    beacon(directory, "--json", "--scope", "run")
    document = json.loads(capsys.readouterr().out)
    assert document.pop("schema") == "beacon.reach/1"
    assert msgspec.convert(document, Reach) == REACH


def test_a_profile_without_it_is_named(tmp_path: Path) -> None:
    (tmp_path / PROFILE_FILE).write_bytes(encode(profile(run())))
    with pytest.raises(UsageError, match="does not say what its image's programs can call"):
        beacon(str(tmp_path))


def test_an_image(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "open_engine", lambda *_: FakeEngine())
    monkeypatch.setattr(command, "reach_of", lambda *_: REACH)
    assert beacon("example") == ExitCode.DONE
    assert "2 system calls" in capsys.readouterr().out
