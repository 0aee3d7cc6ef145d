"""Asks an OCI runtime on this host for its name and version."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

_LONGEST = 10.0  # seconds
_LARGEST = 4096  # characters of its answer
#: `runc version 1.1.5+ds1`; a wrapper says what it wraps in a later line.
_SAID = re.compile(
    r"^([a-z0-9][a-z0-9._-]{0,63}) version ([0-9A-Za-z][0-9A-Za-z.+~_-]{0,63})$", re.M | re.ASCII
)


@dataclass(frozen=True)
class RuntimeVersion:
    """What a runtime says of itself."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed_version(program: str) -> RuntimeVersion | None:
    """What `PROGRAM --version` says; None if there is no such program or it says nothing of it."""
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    found = _SAID.search(done.stdout[:_LARGEST].decode(errors="replace"))
    return RuntimeVersion(found[1], found[2]) if found else None
