"""beacon diff: what two profiles or policies differ in, weighed by risk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.cli.console import Console
from beacon.cli.documents import AbiChanges, BothFiles, Changes
from beacon.cli.edited import edits_of, warn
from beacon.cli.explain import DIRECTORY
from beacon.cli.parser import add_command, add_general_options
from beacon.data.cves import cves
from beacon.errors import ExitCode
from beacon.synthesis.difference import Change, changes
from beacon.synthesis.load import policy_of


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "diff",
        "Compare two profiles or policies, the riskiest difference first.",
        "List the events that only one of two directories allows, the riskiest first: + for an "
        "event that only B has, - for one that only A has. A profile counts as its policy under "
        "the preset availability.",
        "[--exit-code] [--json] A B",
        ["web-1.24.policy web-1.26.policy", "--exit-code before.profile after.profile"],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument("before", metavar="A", type=Path, help=f"{DIRECTORY} The earlier one.")
    group.add_argument("after", metavar="B", type=Path, help=f"{DIRECTORY} The later one.")
    group = parser.add_argument_group("options")
    group.add_argument(
        "--exit-code",
        action="store_true",
        help="Exit 10 if there is a difference. Default: exit 0 whether or not there is one.",
    )
    add_general_options(parser, "the differences with all their reasons")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Compare, tell."""
    before, after = policy_of(options.before), policy_of(options.after)
    files = BothFiles(before=edits_of(before, options.before), after=edits_of(after, options.after))
    found = changes(before.events(), after.events(), cves())
    abis = AbiChanges(
        added=tuple(sorted({*after.abis} - {*before.abis})),
        removed=tuple(sorted({*before.abis} - {*after.abis})),
    )
    if options.json:
        console.document("difference", Changes(changes=tuple(found), abis=abis, files=files))
    elif found:
        rows = [_row(change) for change in found]
        console.table(None, ["", "event", "risk", "because"], rows)
        for change, names in (("added", abis.added), ("removed", abis.removed)):
            if names:
                console.result(f"ABIs {change}, for all calls: {', '.join(names)}")
    else:
        console.result("No difference.")
    edited = [warn(console, each) for each in (files.before, files.after)]
    differs = ExitCode.DIFFERENCE in edited or (found and options.exit_code)
    return ExitCode.DIFFERENCE if differs else ExitCode.DONE


def _row(change: Change) -> list[str]:
    reasons = change.security.reasons
    because = reasons[0].text if reasons else ""
    if len(reasons) > 1:
        because += f" (and {len(reasons) - 1} more)"
    sign = "+" if change.added else "-"
    return [sign, str(change.event), f"{change.security.value:.2f}", because]
