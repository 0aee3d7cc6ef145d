"""Show what a policy came to: `python evaluation/summary.py POLICY_DIR DEFAULT.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from beacon.model.files import load_policy


def main(directory: Path, default: Path) -> None:
    """Print the summary; the counts come from the policy, its verification and the engine."""
    policy = load_policy(directory)
    verification = json.loads((directory / "verification.json").read_bytes())
    runs = verification["runs"]
    open_by_default = json.loads(default.read_bytes())["open"]
    seen = sum(allowed.inferred is None for allowed in policy.syscalls)
    allowed = len(policy.names())
    checks = [check for run in runs for check in run["outcome"]["checks"]]
    differences = sum(len(run["differences"]) for run in runs)
    passed = sum(check["passed"] for check in checks)
    print(f"image           {policy.image.reference}")
    print(
        f"system calls    {seen} seen, {allowed} allowed; Docker's default leaves "
        f"{open_by_default} open"
    )
    print(f"capabilities    {', '.join(c.name for c in policy.capabilities) or 'none'}")
    print(
        f"verification    {'passed' if not differences else 'FAILED'}: {len(runs)} runs, "
        f"{passed} of {len(checks)} checks passed, {differences} differences"
    )
    print(
        f"use it          docker run -d $(cat {directory.resolve()}/docker.args) "
        f"{policy.image.reference}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
