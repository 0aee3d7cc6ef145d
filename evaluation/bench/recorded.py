"""The policies that are compared: those of a user, or of the catalogue's images."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools import BenchError, say

from catalogue import BEACON, profile

IMAGES = ("nginx", "redis", "postgres", "memcached")
_RUNS = "2"
#: What policies are compared with.
UNCONFINED, DOCKER = "unconfined", "docker"


def profiles(directories: Sequence[Path]) -> dict[str, Path]:
    """The seccomp.json of each policy's directory, whose name stands for it."""
    found = {path.absolute().name: path / "seccomp.json" for path in directories}
    if len(found) < len(directories) or {UNCONFINED, DOCKER} & set(found):
        raise BenchError("Two of the directories have one name: give each a name of its own.")
    for path in found.values():
        if not path.is_file():
            raise BenchError(f"There is no {path}: name directories that beacon policy wrote.")
    return found


def policies(directory: Path) -> list[Path]:
    """For each image the directories of policies of its first runs, with and without reserve."""
    found = []
    for image in IMAGES:
        say(f"recording {image}")
        recorded = directory / f"{image}.profile"
        profile(image, recorded, "--max-runs", _RUNS)
        found.append(_policy(recorded, directory / image))
        bare = directory / f"{image}-no-reserve"
        found.append(_policy(recorded, bare, "--reserve", "none"))
    return found


def _policy(recorded: Path, output: Path, *options: str) -> Path:
    command = [BEACON, "policy", str(recorded), "-o", str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"beacon policy of {recorded.name} failed: {done.stderr.strip()}")
    return output
