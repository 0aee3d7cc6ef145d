"""A service of Perl that depends on a neighbour, here a file, recorded with its policy."""

from __future__ import annotations

from pathlib import Path

from e2e.commands import beacon

_BASE = "debian:bookworm-slim"
_DRIVE = """#!/bin/bash
exec 3<>/dev/tcp/$BEACON_ADDRESS/4321
read -r line <&3 && [ "$line" = hello ]
"""


def recorded(folder: Path, server: str) -> tuple[Path, Path]:
    """Where its neighbour lies, and its policy, which denies the kill that it calls as it ends."""
    script, neighbour, profile, policy = (
        folder / name for name in ("drive", "neighbour", "profile", "policy")
    )
    script.write_text(_DRIVE)
    script.chmod(0o755)
    neighbour.mkdir()
    (neighbour / "here").touch()
    options = ("--strategy", "baseline", "--workload", script, "-v", f"{neighbour}:/neighbour:ro")
    command = (*options, "--ready-after", "0.5", "-o", profile, _BASE, "perl", "-e", server)
    assert beacon("profile", *command).returncode == 0
    assert beacon("policy", profile, "-o", policy, "--deny", "kill").returncode == 0
    return neighbour, policy
