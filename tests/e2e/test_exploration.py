"""Environments on a real engine: every kind of step, a campaign that is killed, its policy."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from beacon.campaign.journal import JOURNAL_FILE
from e2e.commands import BEACON, beacon, leftovers, sentence

NGINX = "beacon/nginx"
REDIS = "beacon/redis"


def runs_of(directory: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((directory / "profile.json").read_text())
    return {
        run["workload"]
        + "@"
        + (",".join("=".join(s) for s in run["environment"]["settings"]) or "default"): run
        for run in document["runs"]
    }


def explored(tmp_path: Path, image: str, dimensions: str, *more: str) -> dict[str, dict[str, Any]]:
    words = ("--strategy", "one-at-a-time", "--dimensions", dimensions, *more)
    done = beacon("profile", "-o", tmp_path / "profile", *words, image, timeout=240)
    assert done.returncode == 0, done.stderr
    assert leftovers() == []
    return runs_of(tmp_path / "profile")


def calls(run: dict[str, Any]) -> set[str]:
    return {entry["call"]["name"] for entry in run["observation"]["syscalls"] if entry["count"]}


def test_options_life_and_faults_of_a_web_server(tmp_path: Path) -> None:
    dimensions = "init,user,tty,ipv6,life,exec,pause,child,peers,cut,network"
    runs = explored(tmp_path, NGINX, dimensions)
    default = calls(runs["http@default"])
    endings = {name: run["outcome"]["ending"] for name, run in runs.items()}
    # Without rights to bind port 80 or write its pid file nginx ends: an answer, no gap.
    started = {name for name, ending in endings.items() if ending == "served"}
    assert {
        "http@init=yes",
        "http@ipv6=yes",
        "http@life=restart",
        "http@life=kill",
        "http@exec=shell",
        "http@pause=idle",
        "http@child=killed",
        "http@peers=crowd",
        "http@cut=briefly",
        "none@network=none",
    } <= started
    again = runs["http@life=restart"]["outcome"]["checks"]
    assert any(check["name"].endswith("(again)") for check in again)
    assert all(check["passed"] for check in again)
    phases = {entry["phase"] for entry in runs["http@life=kill"]["observation"]["syscalls"]}
    assert "exec" not in phases  # the second start is a start, not an intruder
    assert calls(runs["http@exec=shell"]) - default


def test_faults_of_a_store(tmp_path: Path) -> None:
    runs = explored(tmp_path, REDIS, "disk-full,volume,many-files,link,out-of-memory,storage-size")
    full = runs["redis@disk-full=later"]["outcome"]
    assert full["ending"] in ("served", "died"), full
    assert runs["redis@volume=named"]["outcome"]["ending"] == "served"
    assert runs["redis@link=slow"]["outcome"]["ending"] == "served"
    refused = [run["outcome"] for run in runs.values() if run["outcome"]["ending"] == "refused"]
    assert all(outcome["detail"] for outcome in refused)


@pytest.mark.alone
def test_a_killed_campaign_goes_on(tmp_path: Path) -> None:
    words = ["--strategy", "one-at-a-time", "--dimensions", "init,workdir,locale,time-zone,core"]
    command = [*BEACON, "profile", "-o", str(tmp_path), "--workload", "none", *words, NGINX]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / JOURNAL_FILE
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    kept = journal.read_bytes().count(b"\n") - 1
    assert not (tmp_path / "profile.json").exists()
    other = beacon(*command[len(BEACON) :][:-1], "--seed", "9", "--resume", NGINX)
    assert other.returncode == 2
    assert "another campaign" in sentence(other.stderr)
    done = beacon(*command[len(BEACON) :][:-1], "--resume", NGINX)
    assert done.returncode == 0, done.stderr
    assert f"Going on after {kept} finished runs." in done.stderr
    assert len(runs_of(tmp_path)) == 1 + 9
    assert leftovers() == []


def test_environments_are_verified(tmp_path: Path) -> None:
    explored(tmp_path, NGINX, "init,life,signal")
    derived = beacon("policy", tmp_path / "profile", "-o", tmp_path / "policy")
    assert derived.returncode == 0, derived.stderr
    proven = beacon("verify", "--starts", "0", tmp_path / "policy", timeout=240)
    assert proven.returncode == 0, proven.stdout
    assert "http@life=restart" in proven.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dimensions", "nothing"), "no dimension"),
        (("--settings", "/nonexistent.toml"), "Cannot read"),
    ],
)
def test_bad_requests(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = beacon("profile", "-o", tmp_path / "out", *words, NGINX)
    assert done.returncode == 2, done.stderr
    assert said in sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_the_dimensions_are_listed() -> None:
    done = beacon("dimensions", "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["dimensions"]) >= 40
    assert "read-only" in beacon("dimensions").stdout
