"""What the container runtime needs is in every policy, and `verify` counts starts."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.commands import beacon, docker

IMAGE = "beacon-test/starts"


def policy(folder: Path) -> Path:
    (folder / "Dockerfile").write_text(
        'FROM debian:bookworm-slim\nSTOPSIGNAL SIGKILL\nCMD ["sleep", "1000"]\n'
    )
    docker("build", "--quiet", "--tag", IMAGE, str(folder))
    words = ("--strategy", "baseline", "--ready-after", "0.5", "-o", folder / "profile", IMAGE)
    assert beacon("profile", *words).returncode == 0
    done = beacon("policy", folder / "profile", "-o", folder / "policy")
    assert done.returncode == 0, done.stderr
    return folder / "policy"


def test_starts_are_counted_and_a_call_of_the_runtime_s_is_missed(tmp_path: Path) -> None:
    made = policy(tmp_path)
    seccomp = made / "seccomp.json"
    rules = json.loads(seccomp.read_bytes())
    names = {name for rule in rules["syscalls"] for name in rule["names"]}
    # Nothing that sleep(1) or the recording is sure to show.
    assert {"rt_sigreturn", "sched_yield", "epoll_pwait"} <= names

    done = beacon("verify", "--starts", "6", made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "starts: 6 of 6" in done.stdout

    for rule in rules["syscalls"]:
        rule["names"] = [name for name in rule["names"] if name != "capset"]
    seccomp.write_text(json.dumps(rules))
    done = beacon("verify", "--starts", "6", made)
    assert done.returncode == 10
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("starts: ")]
    assert line.startswith("starts: 0 of ")
    assert "denied system call: capset" in done.stdout
