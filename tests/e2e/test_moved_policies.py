"""A policy's folder elsewhere: in a clone, for another image, beside another workload, in use."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beacon.model.files import load_policy
from e2e.commands import BEACON, beacon, docker, sentence

IMAGE = "beacon/nginx"
_GET = """\
#!/usr/bin/env python3
import json, os, urllib.request

url = f"http://{os.environ['BEACON_ADDRESS']}:80/"
with urllib.request.urlopen(url, timeout=5) as answer:
    page = answer.read().decode()
check = {"name": "welcome", "passed": "Welcome to nginx!" in page, "value": page[:15]}
with open(os.environ["BEACON_CHECKS"], "w") as file:
    json.dump([check], file)
"""
_SECOND = '#!/bin/sh\n[ -n "$BEACON_ADDRESS" ]\n'
#: chroot is in Docker's default, and nothing that was recorded calls it.
_CHROOT = '#!/bin/sh\nexec docker exec "$BEACON_CONTAINER" chroot / true\n'


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the policy and its workloads were made."""
    place = tmp_path_factory.mktemp("origin")
    scripts = [program(place / "get it.py", _GET), program(place / "second.sh", _SECOND)]
    drive = [word for script in scripts for word in ("--workload", script)]
    made = beacon("profile", "--strategy", "baseline", *drive, "-o", place / "profile", IMAGE)
    assert made.returncode == 0, made.stderr
    assert beacon("policy", place / "profile", "-o", place / "policy").returncode == 0
    return place


def verified(policy: Path, *options: str | Path) -> dict[str, Any]:
    done = beacon("verify", "--json", "--starts", "2", *options, policy)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def proved(document: dict[str, Any]) -> dict[str, Any]:
    """The certificate without what differs from time to time."""
    moving = ("date", "watched")
    return {name: value for name, value in document["certificate"].items() if name not in moving}


def git(*words: str | Path) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *identity, *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def before(origin: Path) -> dict[str, Any]:
    return proved(verified(origin / "policy"))


@pytest.fixture(scope="module")
def clone(origin: Path, before: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy in a clone of a repository; of all else nothing is left."""
    place = tmp_path_factory.mktemp("clone")
    repository = place / "repository"
    shutil.copytree(origin / "policy", repository / "policy")
    git("init", "--quiet", repository)
    git("-C", repository, "add", ".")
    git("-C", repository, "commit", "--quiet", "--message", "a policy")
    git("clone", "--quiet", repository, place / "a clone")
    shutil.rmtree(repository)
    shutil.rmtree(origin)
    return place / "a clone" / "policy"


def test_a_moved_policy_verifies_unchanged(
    clone: Path, before: dict[str, Any], origin: Path
) -> None:
    for path in clone.iterdir():
        assert str(origin).encode() not in path.read_bytes(), path.name
    document = verified(clone)
    assert proved(document) == before
    (driven,) = (run for run in document["runs"] if run["workload"] != "none")
    assert driven["workload"] == "./get_it.py+./second.sh"
    assert [check["name"] for check in driven["outcome"]["checks"]] == [
        "exit code", "welcome", "./second.sh: exit code",
    ]  # fmt: skip
    assert before["checks"][0]["sockets"] == [{"port": 80, "protocol": "tcp", "loopback": False}]


def test_its_scripts_run_elsewhere_with_consent_only(clone: Path, tmp_path: Path) -> None:
    elsewhere = {"XDG_STATE_HOME": str(tmp_path)}
    quick = ("verify", "--quick", "--starts", "0", clone)
    refused = beacon(*quick, env=elsewhere)
    assert refused.returncode == 2
    kept = [clone / "workload.get_it.py", clone / "workload.second.sh"]
    for path in kept:
        assert f"--workload {path}" in sentence(refused.stderr)
    given = [word for path in kept for word in ("--workload", path)]
    done = beacon(*quick, *given, env=elsewhere)
    assert done.returncode == 0, done.stderr
    kept[1].write_text(_SECOND + "# edited\n")
    try:
        edited = beacon(*quick, *given, env=elsewhere)
        assert edited.returncode == 2
        assert "running" not in edited.stderr
    finally:
        kept[1].write_text(_SECOND)


@pytest.fixture
def other() -> Iterator[str]:
    """Another image with the same files."""
    name = "beacon-e2e-moved:2"
    file = f"FROM {IMAGE}\nLABEL another=yes\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"],
        input=file, text=True, check=True, capture_output=True,
    )  # fmt: skip
    yield name
    docker("rmi", name)


def test_another_image_is_not_given_what_was_given_to_the_first(clone: Path, other: str) -> None:
    refused = beacon("verify", "--quick", "--starts", "0", clone, other)
    assert refused.returncode == 2
    assert "running" not in refused.stderr
    done = beacon("verify", "--quick", "--starts", "0", "--json", "--trust", clone, other)
    assert done.returncode == 0, done.stderr
    assert f"{other} is not the image that was profiled ({IMAGE})" in done.stderr
    certificate = json.loads(done.stdout)["certificate"]
    assert (certificate["image"]["reference"], certificate["profiled"]) == (other, False)
    noted = beacon("run", "--print", clone, IMAGE)
    assert f"{IMAGE} is not the image that was verified ({other})" in noted.stderr


def test_a_workload_that_nobody_recorded(clone: Path, tmp_path: Path) -> None:
    chroot = program(tmp_path / "chroot.sh", _CHROOT)
    options = ("--quick", "--starts", "0", "--json", "--workload", chroot)
    done = beacon("verify", *options, clone)
    assert done.returncode == 10, done.stderr
    (run,) = (run for run in json.loads(done.stdout)["runs"] if not run["recorded"])
    assert (run["workload"], run["control"]) == ("./chroot.sh", 1)
    assert {"exit code", "chroot"} <= {each["name"] for each in run["differences"]}


def test_run_is_docker_run_under_the_policy(clone: Path) -> None:
    command = ("run", clone, "--rm", "--entrypoint", "sh", IMAGE, "-c")
    done = beacon(*command, "grep -E '^(Seccomp|CapBnd):' /proc/1/status; exit 7")
    assert done.returncode == 7
    assert "Seccomp:\t2" in done.stdout
    bounds = int(done.stdout.split("CapBnd:\t")[1].split()[0], 16)
    assert bounds.bit_count() == len(load_policy(clone).capabilities())


def test_signals_reach_the_container(clone: Path) -> None:
    name = "beacon-e2e-moved-signals"
    command = [*BEACON, "run", str(clone), "--rm", "--name", name, IMAGE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            for _ in range(100):
                if docker("ps", "--quiet", "--filter", f"name={name}"):
                    break
                time.sleep(0.1)
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            docker("rm", "--force", name, check=False)


def test_nothing_is_started_under_a_file_that_is_missing(clone: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(clone, copy)
    (copy / "seccomp.json").unlink()
    name = "beacon-e2e-moved-never"
    assert beacon("run", copy, "-d", "--name", name, IMAGE).returncode == 2
    args = (copy / "docker.args").read_text().split()
    plain = ["docker", "run", "-d", "--name", name, *args, IMAGE]
    assert subprocess.run(plain, cwd=copy, capture_output=True, check=False).returncode == 125
    assert docker("ps", "--all", "--quiet", "--filter", f"name={name}") == ""
