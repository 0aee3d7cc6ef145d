"""Documents that somebody else wrote, or changed, on the real host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import BEACON, beacon, docker, sentence

IMAGE = "debian:bookworm-slim"
#: As a first process, sleep itself would ignore SIGTERM.
COMMAND = (IMAGE, "sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A workload that shows that it ran."""
    path = tmp_path / "drive.sh"
    path.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/ran\n")
    path.chmod(0o755)
    return path


def make(tmp_path: Path, *options: str | Path) -> Path:
    out, policy = tmp_path / "profile", tmp_path / "policy"
    profiled = beacon("profile", "--strategy", "baseline", "-o", out, *options, *COMMAND)
    assert profiled.returncode == 0, profiled.stderr
    derived = beacon("policy", out, "-o", policy)
    assert derived.returncode == 0, derived.stderr
    return policy


def edit(policy: Path, change: Callable[[Any], object]) -> None:
    path = policy / "policy.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def verify(policy: Path, *options: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return beacon("verify", "--starts", "0", policy, *options, **more)


def test_one_s_own_options_need_no_repetition_and_are_listed(tmp_path: Path, script: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    options = ("--workload", script, "-v", f"{data}:/data", "--cap-add", "SYS_PTRACE")
    policy = make(tmp_path, *options)
    done = verify(policy)
    assert done.returncode == 0, done.stderr
    listed = done.stderr.split("none@default")[0]
    kept = policy / "workload.drive.sh"
    assert f"--workload {kept}" in listed
    assert f"-v {data}:/data" in listed
    assert "--cap-add SYS_PTRACE" in listed
    assert listed.count("sealed on this host") == 3
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "other-host")}
    before = (tmp_path / "ran").read_text()
    refused = verify(policy, env=elsewhere)
    assert refused.returncode == 2
    assert f"--workload {kept}" in sentence(refused.stderr)
    assert (tmp_path / "ran").read_text() == before
    repeated = verify(policy, *options, env=elsewhere)
    assert repeated.returncode == 0, repeated.stderr
    trusted = verify(policy, "--trust", env=elsewhere)
    assert trusted.returncode == 0, trusted.stderr


def test_a_program_that_only_the_document_names_is_not_run(tmp_path: Path, script: Path) -> None:
    policy = make(tmp_path)

    def change(document: Any) -> None:
        for replay in document["replays"]:
            replay["workload"] = str(script)

    edit(policy, change)
    done = verify(policy)
    assert done.returncode == 2
    assert str(script) in sentence(done.stderr)
    assert not (tmp_path / "ran").exists()


def test_a_part_of_the_host_that_only_the_document_names_is_not_given(tmp_path: Path) -> None:
    policy = make(tmp_path)
    host = tmp_path / "host"
    host.mkdir()
    command = ["sh", "-c", "touch /host/ran; sleep 1000"]
    asked = {"volumes": [f"{host}:/host"], "pid": "host", "command": command}
    edit(policy, lambda document: document["launch"].update(asked))
    done = verify(policy)
    assert done.returncode == 2
    assert "--pid host" in sentence(done.stderr)
    assert f"-v {host}:/host" in sentence(done.stderr)
    assert list(host.iterdir()) == []
    half = verify(policy, "-v", f"{host}:/host")
    assert half.returncode == 2
    assert f"{host}:/host" not in sentence(half.stderr)
    assert list(host.iterdir()) == []


def test_the_second_command_on_a_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [*BEACON, "profile", "--strategy", "baseline", "--ready-after", "60", "-o", str(out)]
    with subprocess.Popen([*command, *COMMAND], stderr=subprocess.DEVNULL) as first:
        try:
            end = time.monotonic() + 30
            while not out.exists() and time.monotonic() < end:
                time.sleep(0.1)
            assert out.exists()
            second = beacon("profile", "-o", out, *COMMAND)
            assert second.returncode == 2
            assert "Another command" in sentence(second.stderr)
            assert first.poll() is None
        finally:
            first.send_signal(signal.SIGTERM)
            first.wait(60)
    assert not out.exists()


def test_a_journal_that_another_user_laid_is_not_used(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    journal = out / "journal.jsonl"
    journal.touch(0o666)
    os.chown(journal, 65534, 65534)
    for more in ((), ("--resume",)):
        done = beacon("profile", "--strategy", "baseline", *more, "-o", out, *COMMAND)
        assert done.returncode == 1
        assert "belongs to another user" in sentence(done.stderr)
    assert journal.read_bytes() == b""
    assert [path.name for path in out.iterdir()] == ["journal.jsonl"]
    docker("image", "inspect", IMAGE)
