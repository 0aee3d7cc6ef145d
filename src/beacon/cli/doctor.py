"""beacon doctor: what this host can do, and what to fix."""

from __future__ import annotations

import argparse
from typing import Any

from beacon.campaign.doctor import Finding, examine
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
        "cgroups, a container engine, of which one is enough. Exits 4 if anything is missing, and "
        "says for each what to do.",
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
            console.result(f"{_word(finding):7} {finding.name}: {finding.detail}")
    usable = all(finding.ok or not finding.needed for finding in findings)
    return ExitCode.DONE if usable else ExitCode.UNSUPPORTED_HOST


def _word(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "MISSING" if finding.needed else "absent"
