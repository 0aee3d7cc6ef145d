"""The `beacon` command as a user runs it, Docker, and what either left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from beacon.campaign.enforced import read_enforced
from beacon.process_identity import Fate, fate, identify

#: Of either version; a deeper search would trip over cgroups that vanish meanwhile.
_CGROUPS = ("beacon/*-*-*", "*/beacon/*-*-*")
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


def options_of(policy: Path) -> list[str]:
    """The policy's options for `docker run`, whose folder is not the policy's."""
    return read_enforced(policy).options(policy)


def leftovers() -> list[str]:
    """Containers, volumes and cgroups of dead commands and of this process; others may work."""
    form = '{{.ID}} {{.Label "beacon.owner"}}'
    listed = docker("ps", "--all", "--filter", "label=beacon.owner", "--format", form)
    containers = [line for line in listed.splitlines() if _ours(line.split()[1])]
    form = 'volume {{.Name}} {{.Label "beacon.owner"}}'
    listed = docker("volume", "ls", "--filter", "label=beacon.owner", "--format", form)
    volumes = [line for line in listed.splitlines() if _ours(line.split()[2])]
    cgroups = [p for pattern in _CGROUPS for p in Path("/sys/fs/cgroup").glob(pattern)]
    return containers + volumes + [str(p) for p in cgroups if _ours(p.name.rpartition("-")[0])]


def _ours(maker: str) -> bool:
    return maker == str(identify()) or fate(maker) is Fate.DEAD


def sentence(stderr: str) -> str:
    (line,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in stderr
    return line
