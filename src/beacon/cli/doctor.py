"""beacon doctor: what this host can do, and what to fix."""

from __future__ import annotations

import argparse
from typing import Any

from beacon.campaign.doctor import examine
from beacon.cli.console import Console
from beacon.cli.opening import open_engine, open_monitor
from beacon.errors import ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="what this host can do, and what to fix",
        description="Look for everything that profiling needs; exit 4 if anything is missing.",
    )
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Print the findings."""
    findings = examine(open_engine, open_monitor)
    if options.json:
        console.document("doctor", {"findings": findings})
    else:
        for finding in findings:
            console.result(
                f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.detail}"
            )
    return ExitCode.DONE if all(f.ok for f in findings) else ExitCode.UNSUPPORTED_HOST
