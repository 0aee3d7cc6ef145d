"""Policies of the catalogue's images, recorded for a benchmark."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools import BenchError, say

from catalogue import BEACON, profile

IMAGES = ("nginx", "redis", "postgres", "memcached")
_RUNS = "2"


def policies(directory: Path) -> list[Path]:
    """For each image the directory of a policy of its first runs."""
    found = []
    for image in IMAGES:
        say(f"recording {image}")
        recorded = directory / f"{image}.profile"
        profile(image, recorded, "--max-runs", _RUNS)
        found.append(_policy(recorded, directory / image))
    return found


def _policy(recorded: Path, output: Path, *options: str) -> Path:
    command = [BEACON, "policy", str(recorded), "-o", str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"beacon policy of {recorded.name} failed: {done.stderr.strip()}")
    return output
