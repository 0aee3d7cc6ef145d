"""beacon diff: what two profiles or policies differ in, weighed by risk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.cli.console import Console
from beacon.cli.edited import edits_of, warn
from beacon.cli.explain import policy_of
from beacon.data.cves import cves
from beacon.errors import ExitCode
from beacon.model.event import spell
from beacon.synthesis.difference import Change, changes


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "diff",
        help="what two profiles or policies differ in, weighed by risk",
        description="List the events that only one of two directories (of policies or profiles) "
        "allows, the riskiest first: + for those that only B has, - for those that only A has.",
    )
    parser.add_argument("before", metavar="A", type=Path)
    parser.add_argument("after", metavar="B", type=Path)
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 10 when there is a difference"
    )
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Compare, tell."""
    before, after = policy_of(options.before), policy_of(options.after)
    files = {
        "before": edits_of(before, options.before),
        "after": edits_of(after, options.after),
    }
    found = changes(before.events(), after.events(), cves())
    abis = {
        "added": sorted({*after.abis} - {*before.abis}),
        "removed": sorted({*before.abis} - {*after.abis}),
    }
    if options.json:
        console.document("difference", {"changes": found, "abis": abis, "files": files})
    elif found:
        rows = [_row(change) for change in found]
        console.table(None, ["", "event", "risk", "because"], rows)
        for change, names in abis.items():
            if names:
                console.result(f"ABIs {change}, for all calls: {', '.join(names)}")
    else:
        console.result("No difference.")
    edited = [warn(console, each) for each in files.values()]
    differs = ExitCode.DIFFERENCE in edited or (found and options.exit_code)
    return ExitCode.DIFFERENCE if differs else ExitCode.DONE


def _row(change: Change) -> list[str]:
    reasons = change.security.reasons
    because = reasons[0].text if reasons else ""
    if len(reasons) > 1:
        because += f" (and {len(reasons) - 1} more)"
    sign = "+" if change.added else "-"
    return [sign, spell(change.event), f"{change.security.value:.2f}", because]
