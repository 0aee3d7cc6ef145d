"""Children that are killed, trapped and refused, in three ABIs: recorded, then enforced."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import beacon, docker
from kernel.harness import compile_primes

IMAGE = "beacon-signals:test"
PARTS = ("punished", "punished-i386", "punished-x32")
KILLED = {"getitimer": 3, "i386:getitimer": 5, "x32:getitimer": 7}
TRAPPED = {"sysinfo": 11, "i386:sysinfo": 13, "x32:sysinfo": 17}
DENIED = {"times": 19, "i386:times": 23, "x32:times": 29}
ARCHITECTURES = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
PUNISHING = [
    {"names": ["getitimer"], "action": "SCMP_ACT_KILL_PROCESS"},
    {"names": ["sysinfo"], "action": "SCMP_ACT_TRAP"},
    {"names": ["times"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    context = tmp_path_factory.mktemp("signals")
    compile_primes(context / "primes")
    command = json.dumps(["/primes", *PARTS, "forever"])
    (context / "Dockerfile").write_text(
        f"FROM scratch\nSTOPSIGNAL SIGKILL\nCOPY primes /primes\nCMD {command}\n"
    )
    subprocess.run(["docker", "build", "-q", "-t", IMAGE, context], capture_output=True, check=True)
    yield IMAGE
    docker("rmi", "--force", IMAGE, check=False)


@pytest.fixture(scope="module")
def recorded(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its profile, recorded under a filter that kills, traps and refuses."""
    directory = tmp_path_factory.mktemp("recorded")
    rules = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ARCHITECTURES}
    (directory / "filter.json").write_text(json.dumps(rules | {"syscalls": PUNISHING}))
    option = f"seccomp={directory / 'filter.json'}"
    done = beacon(
        "profile", "--strategy", "baseline", "-o", directory, "--security-opt", option, image
    )
    assert done.returncode == 0, done.stderr
    for call, count in KILLED.items():
        assert f"A filter killed {count} and sent SIGSYS to 0 callers of {call} (" in done.stdout
    for call, count in TRAPPED.items():
        assert f"A filter killed 0 and sent SIGSYS to {count} callers of {call} (" in done.stdout
    return directory


def counts(profile: dict[str, Any], field: str) -> dict[str, int]:
    (run,) = profile["runs"]
    return {
        call["name"] if call["abi"] == "x86_64" else f"{call['abi']}:{call['name']}": entry[field]
        for entry in run["observation"]["syscalls"]
        for call in [{"abi": "x86_64", **entry["call"]}]
        if entry.get(field)
    }


def test_the_recording_counts_each(recorded: Path) -> None:
    profile = json.loads((recorded / "profile.json").read_bytes())
    assert counts(profile, "killed") == KILLED
    assert counts(profile, "trapped") == TRAPPED
    assert counts(profile, "denied") == DENIED


def test_the_enforced_filter_counts_each(recorded: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    done = beacon("policy", recorded, "-o", policy, "--allow", "i386:read", "--allow", "x32:read")
    assert done.returncode == 0, done.stderr
    seccomp = json.loads((policy / "seccomp.json").read_bytes())
    seccomp["syscalls"] += PUNISHING
    (policy / "seccomp.json").write_text(json.dumps(seccomp))
    done = beacon("verify", "--starts", "0", policy, "--json")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    assert (run["killed"], run["trapped"]) == (sum(KILLED.values()), sum(TRAPPED.values()))
    assert run["differences"] == []


def test_what_only_the_enforced_filter_kills_is_named(image: str, tmp_path: Path) -> None:
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    command = (image, "/primes", "i386", "forever")
    done = beacon(
        "profile", "--strategy", "baseline", "-o", profile, "--workload", "none", *command
    )
    assert done.returncode == 0, done.stderr
    assert beacon("policy", profile, "-o", policy).returncode == 0
    seccomp = json.loads((policy / "seccomp.json").read_bytes())
    assert set(seccomp["architectures"]) == {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}
    seccomp["architectures"] = ["SCMP_ARCH_X86_64"]
    (policy / "seccomp.json").write_text(json.dumps(seccomp))
    done = beacon("verify", "--starts", "0", policy)
    assert done.returncode == 10, done.stderr
    assert (
        "killed by the filter: i386:getuid32 (1 x killed in phase start by primes)" in done.stdout
    )
    assert "NOT verified" in done.stdout
