"""Show what a policy came to: `python evaluation/summary.py POLICY_DIR DEFAULT.json`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from beacon.data.cves import cves
from beacon.model.event import Syscall
from beacon.model.files import load_policy
from beacon.synthesis.exposure import exposures


def main(directory: Path, default: Path) -> None:
    """Print the summary; the counts come from the policy, its verification and the engine."""
    policy = load_policy(directory)
    verification = json.loads((directory / "verification.json").read_bytes())
    runs = verification["runs"]
    standard = json.loads(default.read_bytes())
    calls = [e for e in policy.entries if e.allowed and isinstance(e.event, Syscall)]
    seen = len({e.event.name for e in calls if e.count})
    classes = sum(call.argument is not None for call in policy.calls())
    known = exposures(policy.events(), cves())
    stopped = sum(each.stopped for each in known)
    kept = ", ".join(policy.capabilities()) or "none"
    checks = [check for run in runs for check in run["outcome"]["checks"]]
    passed = sum(check["passed"] for check in checks)
    kinds = ("differences", "control_differences")
    differences = sum(len(run[kind]) for run in runs for kind in kinds)
    verdict = "FAILED" if differences else "passed"
    rows = {
        "image": policy.image.reference,
        "system calls": f"{seen} seen, {len(policy.names())} allowed; "
        f"Docker's default leaves {standard['open']} open",
        "arguments": f"{classes} argument classes of calls that are many calls",
        "capabilities": f"{kept}; Docker's default grants {standard['capabilities']}",
        "known CVEs": f"{stopped} of {len(known)} are stopped",
        "verification": f"{verdict}: {len(runs)} runs, {passed} of {len(checks)} checks passed, "
        f"{differences} differences",
        "use it": f"cd {shlex.quote(str(directory.resolve()))} && "
        f"docker run -d $(cat docker.args) {policy.image.reference}",
    }
    for name, value in rows.items():
        print(f"{name:<15} {value}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
