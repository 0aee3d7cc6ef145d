"""What a single output file may replace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beacon.cli import main as cli
from beacon.cli.arguments import check_output_file
from beacon.errors import UsageError

DEVICES = ("/dev/null", "/dev/stdout")


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", *DEVICES])
def test_only_a_file_is_replaced(kind: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a directory, a link or a device"):
        check_output_file(tmp_path / kind)


def test_a_new_file_and_an_old_one_are_fine(tmp_path: Path) -> None:
    check_output_file(tmp_path / "new" / "file")
    (tmp_path / "file").write_text("old")
    check_output_file(tmp_path / "file")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--policy", "p", "--format", "text=link.html", "web:1"),
        ("report", "-o", "link.html", "p"),
        ("runtimes", "--measure", "--runtime", "true", "-o", "link.html"),
    ],
)
def test_each_command_that_writes_one_asks_first(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "link.html"
    link.symlink_to("/dev/null")
    monkeypatch.setattr("beacon.cli.runtimes._installed", lambda _: {"true": None})
    assert cli.main(words) == 2
    assert "a link or a device" in capsys.readouterr().err
    assert link.is_symlink()
