"""Three small images as a fleet; workers and the whole are killed, interrupted, and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from e2e.commands import BEACON, beacon, docker, leftovers

FLEET = """
[defaults]
max_runs = 3
starts = 1
quick = true
dimensions = ["init"]

[[images]]
image = "beacon/redis"

[[images]]
image = "debian:bookworm-slim"
name = "shell"
launch.command = ["sh", "-c", "sleep 1000; true"]

[[images]]
image = "beacon.invalid/nothing:1"
pull = "never"
"""
NAMES = ["redis", "shell", "nothing-1"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(FLEET)
    return path


def check(output: Path) -> None:
    """All three as they should be, and policies that hold."""
    document = json.loads((output / "fleet.json").read_bytes())
    assert document["schema"] == "beacon.fleet/1"
    images = {each["name"]: each for each in document["images"]}
    assert list(images) == NAMES
    statuses = [images[name]["status"] for name in NAMES]
    assert statuses == ["verified", "verified", "failed"], document
    assert "No image" in images["nothing-1"]["reason"]
    assert images["redis"]["syscalls"] > 50
    assert images["redis"]["cves_stopped"] > 0
    done = beacon("verify", output / "shell" / "policy", "--quick", "--starts", "1")
    assert done.returncode == 0, done.stderr


def test_three_images(file: Path, tmp_path: Path) -> None:
    done = beacon("fleet", "-o", tmp_path / "out", "--jobs", "2", file, timeout=600)
    assert done.returncode == 1, done.stderr
    assert "2 verified, 1 failed" in done.stdout
    check(tmp_path / "out")
    done = beacon("report", tmp_path / "out", "-o", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    pages = {path.name: path.read_text() for path in (tmp_path / "pages").iterdir()}
    assert pages.keys() == {"index.html", "redis.html", "shell.html"}
    assert pages["index.html"].count("verified: nothing differs under the policy") == 2
    assert "No image" in pages["index.html"]


def begun(file: Path, output: Path, log: IO[bytes], *options: str) -> subprocess.Popen[bytes]:
    words = [*BEACON, "fleet", "-o", str(output), "--jobs", "2", *options, str(file)]
    return subprocess.Popen(words, stdout=log, stderr=log)


def until(ready: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def campaigns(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of its workers."""
    found = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for each in found for pid in each.read_text().split()]


def containers(pids: list[int]) -> str:
    """Those that these processes have made; a label ends with the process and its start."""
    form = '{{.Label "beacon.owner"}}'
    owners = docker("ps", "--filter", "label=beacon.owner", "--format", form).split()
    return " ".join(each for each in owners if int(each.split("-")[4]) in pids)


@pytest.mark.alone  # what is killed leaves things until it goes on
def test_a_worker_that_is_killed_and_then_all_of_it(file: Path, tmp_path: Path) -> None:
    output, log = tmp_path / "out", tmp_path / "log"
    journal = output / "redis" / "profile" / "journal.jsonl"
    with log.open("wb") as written:
        process = begun(file, output, written)
        until(lambda: journal.exists() and containers(campaigns(process)), process, log)
        (worker,) = campaigns(process)
        os.kill(worker, signal.SIGKILL)
        until(lambda: b"another one gets it" in log.read_bytes(), process, log)
        until(lambda: containers(campaigns(process)), process, log)
        (worker,) = campaigns(process)
        os.kill(process.pid, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
        process.wait()
    assert leftovers() != []
    done = beacon("fleet", "-o", output, "--resume", "--jobs", "2", file, timeout=600)
    assert done.returncode == 1, done.stderr
    check(output)


def test_campaigns_end_with_the_coordinator(file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = begun(file, tmp_path / "out", written)
        until(lambda: containers(campaigns(process)), process, log)
        (worker,) = campaigns(process)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert leftovers() == []


def test_an_interrupt_leaves_nothing(file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = begun(file, tmp_path / "out", written)
        until(lambda: containers(campaigns(process)), process, log)
        process.terminate()
        assert process.wait(120) == 143
    assert "Traceback" not in log.read_text()
    assert leftovers() == []
