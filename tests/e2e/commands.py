"""The `beacon` command as a user runs it, Docker, and what either left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BEACON = (sys.executable, "-m", "beacon")


def beacon(
    *arguments: str | Path, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BEACON, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        check=False,
    )


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


def leftovers() -> list[str]:
    containers = docker("ps", "--all", "--quiet", "--filter", "label=beacon.session").split()
    found = Path("/sys/fs/cgroup").glob("**/beacon/[0-9]*-[0-9]*-[0-9]*")
    return containers + [str(path) for path in found]
