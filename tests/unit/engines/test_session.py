from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from beacon.engines.interface import OWNER_LABEL, SESSION_LABEL
from beacon.engines.session import labels, new_session
from beacon.owner import owner, owner_is_dead


def _process(proc: Path, pid: int, name: str, start: int) -> None:
    (proc / str(pid)).mkdir(parents=True)
    rest = " ".join(["S", *["0"] * 18, str(start), "0", "0"])
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {rest}\n")


def test_this_process_lives() -> None:
    assert owner().startswith(f"{os.getpid()}:")
    assert not owner_is_dead(owner())


def test_an_ended_process_is_dead() -> None:
    process = subprocess.Popen(["sleep", "60"])
    label = owner(process.pid)
    assert not owner_is_dead(label)
    process.kill()
    process.wait()
    assert owner_is_dead(label)


@pytest.mark.parametrize("name", ["sh", "a b", ") S 1 2 3", "((", "))", "x) R 9 9 ("])
def test_a_name_cannot_forge_the_start_time(tmp_path: Path, name: str) -> None:
    _process(tmp_path, 7, name, 4711)
    assert owner(7, tmp_path) == "7:4711"


def test_a_reused_pid_is_another_process(tmp_path: Path) -> None:
    _process(tmp_path, 7, "sh", 4711)
    assert not owner_is_dead("7:4711", tmp_path)
    assert owner_is_dead("7:4710", tmp_path)
    assert owner_is_dead("8:4711", tmp_path)


@pytest.mark.parametrize(
    "label", [None, "", "7", "7:", ":1", "-7:1", "../7:1", "7:1\n", "\u0667:1", 7]
)
def test_a_label_that_names_no_process_proves_nothing(tmp_path: Path, label: object) -> None:
    assert not owner_is_dead(label, tmp_path)


def test_labels_name_session_and_owner() -> None:
    assert labels("s") == {SESSION_LABEL: "s", OWNER_LABEL: owner()}
    assert new_session() != new_session()
