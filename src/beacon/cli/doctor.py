"""beacon doctor: what this host can do, and what to fix."""

from __future__ import annotations

import argparse
from typing import Any

from beacon.campaign.doctor import examine
from beacon.campaign.open_context import open_engine, open_monitor
from beacon.cli.console import Console
from beacon.cli.documents import Findings
from beacon.cli.parser import add_command, add_general_options
from beacon.errors import ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "doctor",
        "Check what this host can do, and say what to fix.",
        "Check everything that profiling needs: root, kernel, BTF, tracepoints or kprobes, "
        "cgroups, the Docker engine. Exits 4 if anything is missing, and says for each what to do.",
        "[--json]",
        ["", "--json"],
    )
    add_general_options(parser, "the findings")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Print the findings."""
    findings = examine(open_engine, open_monitor)
    if options.json:
        console.document("doctor", Findings(findings=tuple(findings)))
    else:
        for finding in findings:
            console.result(
                f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.detail}"
            )
    return ExitCode.DONE if all(f.ok for f in findings) else ExitCode.UNSUPPORTED_HOST
