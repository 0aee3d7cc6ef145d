"""Run the host tools that the harness needs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import GuestError


def run_tool(argv: Sequence[str], *, hint: str, cwd: Path | None = None) -> str:
    """Return what a host tool writes to standard output.

    Raises GuestError, ending in the hint, when the tool is missing or fails.
    """
    if shutil.which(argv[0]) is None:
        raise GuestError(f"{argv[0]} is not installed: {hint}")
    # The answers are parsed, so they must not be translated.
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise GuestError(f"{' '.join(argv)} failed: {done.stderr.strip()}: {hint}")
    return done.stdout
