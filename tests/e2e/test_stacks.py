"""Stacks of a compose file: recorded, verified and profiled with real containers."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from e2e.commands import BEACON, beacon, docker, leftovers, sentence

SMALL = """
services:
  web:
    image: beacon/nginx
    depends_on: [cache]
  cache:
    image: beacon/redis
    volumes: [data:/data]
volumes: {data: }
"""
#: The page's content, which nginx sends with sendfile.
ASK = (
    "import os, urllib.request as u; "
    "print(len(u.urlopen('http://' + os.environ['BEACON_ADDRESS_WEB'], timeout=30).read()) or 1/0)"
)


COMMAND = ("--ready-timeout", "300", "--", "python3", "-c", ASK)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small stack, recorded once."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "compose.yaml").write_text(SMALL)
    words = ("record", "--compose", folder / "compose.yaml", "-o", folder / "profiles", *COMMAND)
    done = beacon(*words, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "next: for each SERVICE beacon policy" in done.stderr
    return folder / "profiles"


def derive(profiles: Path, policies: Path, *web: str) -> None:
    for name, options in {"web": web, "cache": ()}.items():
        made = beacon("policy", profiles / name, "-o", policies / name, *options)
        assert made.returncode == 0, made.stderr


def test_a_denial_is_blamed_on_the_policy_of_its_service(
    small: Path, profiles: Path, tmp_path: Path
) -> None:
    derive(profiles, tmp_path, "--deny", "sendfile")
    words = ("record", "--json", "--compose", small, "--policies", tmp_path, *COMMAND)
    done = beacon(*words, timeout=600)
    assert done.returncode == 10, done.stdout + done.stderr
    found = {each["service"]: each for each in json.loads(done.stdout)["services"]}
    assert {name: each["verdict"] for name, each in found.items()} == {
        "web": "policy",
        "cache": "environment",
    }
    assert [each["name"] for each in found["cache"]["verification"]["runs"][0]["elsewhere"]] == [
        "exit code"
    ]
    (run,) = found["web"]["verification"]["runs"]
    assert [each["event"] for each in run["intended"]] == ["sendfile"]
    assert "exit code" in run["suffered"]


def test_a_command_that_fails_anyway_is_not_blamed_on_the_policies(
    small: Path, profiles: Path, tmp_path: Path
) -> None:
    derive(profiles, tmp_path)
    words = ("record", "--compose", small, "--policies", tmp_path, "--ready-timeout", "300")
    done = beacon(*words, "--", "false", timeout=600)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "without the policy, too" in done.stdout


def test_a_service_of_a_stack_is_profiled_and_verified(small: Path, tmp_path: Path) -> None:
    given = ("--compose", small, "--strategy", "baseline", "--workload", "none")
    done = beacon("profile", *given, "--service", "web", "-o", tmp_path / "web", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cache: starting beacon/redis, which web needs" in done.stderr
    made = beacon("policy", tmp_path / "web", "-o", tmp_path / "policy")
    assert made.returncode == 0, made.stderr
    once = ("--quick", "--starts", "0", tmp_path / "policy")
    alone = beacon("verify", *once)
    assert alone.returncode == 2
    assert "name its file with --compose" in sentence(alone.stderr)
    beside = beacon("verify", "--compose", small, *once, timeout=600)
    assert beside.returncode == 0, beside.stdout + beside.stderr


def test_an_interrupt_leaves_nothing(small: Path, tmp_path: Path) -> None:
    words = ("record", "--compose", str(small), "-o", str(tmp_path / "out"), "--", "sleep", "600")
    process = subprocess.Popen([*BEACON, *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "All services are ready" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert leftovers() == []
    assert not (tmp_path / "out" / "web").exists()
    owners = docker("network", "ls", "--format", '{{.Label "beacon.owner"}}').split()
    assert not [each for each in owners if each.startswith(f"{process.pid}-")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--", "true"), "Say where the profiles go"),
        (("-o", "out"), "Name the command"),
        (("-o", "out", "--policies", "none", "--comand"), "no option --comand"),
    ],
)
def test_what_cannot_be_recorded(
    words: tuple[str, ...], said: str, small: Path, tmp_path: Path
) -> None:
    done = beacon("record", "--compose", small, *words)
    assert done.returncode == 2
    assert said in done.stderr
