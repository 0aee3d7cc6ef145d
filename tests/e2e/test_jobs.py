"""Containers that do their work and end: what they are given, and what they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from beacon.model.files import load_profile
from e2e.commands import BEACON, beacon, docker, leftovers, options_of, sentence

BASE = "debian:bookworm-slim"
BASELINE = ("--strategy", "baseline", "--jobs", "2")
CONVERT = (BASE, "sh", "-c", "rev | tee /out/new; cat /out/old >> /out/old; echo no >&2; exit 3")


def values(out: Path) -> list[dict[str, str | None]]:
    """The checks of each run, by name."""
    runs = load_profile(out).runs
    return [{check.name: check.value for check in run.outcome.checks} for run in runs]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old").write_text("old\n")
    return tmp_path / "data"


def test_each_run_starts_from_the_same_data(tmp_path: Path, data: Path) -> None:
    given = tmp_path / "input"
    given.write_text("abc\ndef")
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    volume = ("-v", f"{data}:/out")
    done = beacon("profile", *BASELINE, "-o", profile, *volume, "--stdin", given, *CONVERT)
    assert done.returncode == 0, done.stderr
    first, second = values(profile)
    assert first == second
    assert set(first) == {"standard output", "standard error", "files in /out"}
    assert None not in first.values()
    assert beacon("policy", profile, "-o", policy).returncode == 0
    done = beacon("verify", policy, "--starts", "2")
    assert done.returncode == 0, done.stderr
    assert "ends as recorded, with exit code 3" in done.stdout
    assert [path.name for path in data.iterdir()] == ["old"]
    assert (data / "old").read_text() == "old\n"
    options = options_of(policy)
    command = ["docker", "run", "--rm", "-i", *volume, *options, *CONVERT]
    enforced = subprocess.run(command, input=b"abc\ndef", capture_output=True, check=False)
    assert (enforced.returncode, enforced.stdout) == (3, b"cba\nfed")
    given.write_text("other")
    done = beacon("verify", policy, "--starts", "0", "--stdin", given)
    assert done.returncode == 11, done.stderr
    assert "standard output" in done.stdout
    assert "files in /out" in done.stdout


def test_a_terminal_and_a_driver_that_keeps_nothing(tmp_path: Path) -> None:
    shown = ("sh", "-c", "test -t 1 && echo out; echo err >&2")
    words = (*BASELINE, "-t", "--log-driver", "none", "-o", tmp_path)
    done = beacon("profile", *words, BASE, *shown)
    assert done.returncode == 0, done.stderr
    assert [list(each) for each in values(tmp_path)] == [["standard output"]] * 2
    assert values(tmp_path)[0]["standard output"] is not None
    assert load_profile(tmp_path).runs[0].outcome.log == "out\\r\nerr"


def test_a_job_that_does_not_read_its_input(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    with large.open("r+b") as file:
        file.truncate(64 << 20)
    out = tmp_path / "out"
    done = beacon("profile", *BASELINE, "--stdin", large, "-o", out, BASE, "head", "-c", "3")
    assert done.returncode == 0, done.stderr
    assert all(each["standard output"] for each in values(out))


def test_what_cannot_be_given_is_refused(tmp_path: Path, data: Path) -> None:
    words = ("-o", tmp_path / "out", BASE, "true")
    done = beacon("profile", *BASELINE, "--stdin", data, *words)
    assert done.returncode == 2
    assert "data (it is not a regular file)" in sentence(done.stderr)
    with (data / "large").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, (1 << 30) + 1)
    done = beacon("profile", *BASELINE, "-v", f"{data}:/data", *words)
    assert done.returncode == 2
    assert "data is more than 100000 files or 1024 MiB" in sentence(done.stderr)


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_copy_is_left(tmp_path: Path, data: Path, number: int) -> None:
    words = (*BASELINE, "--job", "-v", f"{data}:/data", "-o", str(tmp_path / "out"))
    process = subprocess.Popen(
        [*BEACON, "profile", *words, BASE, "sleep", "60"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    form = '{{.Label "beacon.owner"}}'
    listed = ("volume", "ls", "--filter", "label=beacon.owner", "--format", form)
    deadline = time.monotonic() + 30
    while f"-{process.pid}-" not in docker(*listed):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(30)
    if number is signal.SIGKILL:
        assert any("volume" in each for each in leftovers())
        assert beacon("clean").returncode == 0
    assert leftovers() == []
    assert (data / "old").read_text() == "old\n"
