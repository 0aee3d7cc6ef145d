"""beacon clean: remove whatever an interrupted run left behind."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

from beacon.campaign.cleaning import clean
from beacon.cli.console import Console
from beacon.cli.opening import open_engine
from beacon.errors import ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "clean",
        help="remove whatever an interrupted run left behind",
        description="Remove containers, networks and volumes with BeaCon's label, its cgroups, and "
        "the processes and folders of users' workload scripts, when the command that made them is "
        "dead.",
    )
    parser.add_argument("--all", action="store_true", help="those of living commands, too")
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Clean up and say what went."""
    with closing(open_engine()) as engine:
        removed = clean(engine, everything=options.all)
    if options.json:
        console.document("clean", {"removed": removed})
        return ExitCode.DONE
    for item in removed:
        console.result(f"removed {item}")
    if not removed:
        console.say("Nothing was left behind.")
    return ExitCode.DONE
