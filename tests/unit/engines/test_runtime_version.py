from __future__ import annotations

from pathlib import Path

import pytest

from beacon.engines.runtime_version import installed_version


def program(folder: Path, says: str) -> str:
    path = folder / "runtime"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("runc version 1.1.5+ds1\ncommit: x\nspec: 1.0.2-dev", "runc 1.1.5+ds1"),
        ("crun version 1.8.1\ncommit: f8a0", "crun 1.8.1"),
        ("NVIDIA Container Runtime version 1.14.0\ncommit: x\nrunc version 1.1.12", "runc 1.1.12"),
    ],
)
def test_what_runtimes_say(tmp_path: Path, says: str, found: str) -> None:
    assert str(installed_version(program(tmp_path, says))) == found


@pytest.mark.parametrize("says", ["", "hello", "runc version", "a\x1b[2J version 1", "x" * 10_000])
def test_others_say_nothing(tmp_path: Path, says: str) -> None:
    assert installed_version(program(tmp_path, says)) is None


@pytest.mark.parametrize("path", ["/nonexistent", "", "\0", "/etc"])
def test_no_program(path: str) -> None:
    assert installed_version(path) is None
