"""A launch that one run proved: written, verified, and what the kernel holds a container to."""

from __future__ import annotations

import os
from pathlib import Path

from e2e.commands import beacon, docker, options_of

IMAGE = "beacon/nginx"


def test_a_proved_launch_serves_under_its_policy(tmp_path: Path) -> None:
    recording = ("--strategy", "one-at-a-time", "--dimensions", "hardened", "--jobs", "2")
    assert beacon("profile", *recording, "-o", tmp_path / "profile", IMAGE).returncode == 0
    made = beacon("policy", tmp_path / "profile", "-o", tmp_path / "policy", "--harden")
    assert "which http@hardened=own-user proved\n" in made.stdout, made.stderr
    assert "not by a user other than root: no run tried it" in made.stdout
    verified = beacon("verify", "--starts", "2", tmp_path / "policy")
    assert verified.returncode == 0, verified.stderr
    assert "http@hardened=own-user: served" in verified.stderr
    name = f"beacon-e2e-{os.getpid()}-hardened"
    try:
        docker("run", "-d", "--name", name, *options_of(tmp_path / "policy"), IMAGE)
        status = Path("/proc", docker("inspect", "--format", "{{.State.Pid}}", name), "status")
        assert "\nNoNewPrivs:\t1\n" in status.read_text()
        assert "read-only" in docker("exec", name, "sh", "-c", "touch /x 2>&1 || true").lower()
        docker("exec", name, "touch", "/run/x")
        assert docker("inspect", "--format", "{{.State.Running}}", name) == "true"
    finally:
        docker("rm", "--force", "--volumes", name)
