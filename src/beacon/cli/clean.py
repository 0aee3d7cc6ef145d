"""beacon clean: remove whatever an interrupted run left behind."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from beacon.campaign.cleaning import clean
from beacon.cli.console import Console
from beacon.cli.parser import add_command, add_general_options
from beacon.engines.choose import open_all
from beacon.errors import ExitCode
from beacon.model.leftovers import Kept
from beacon.process_identity import Fate

_SHOWN = 5
_WHY = {
    Fate.ALIVE: "the process that made it is running",
    Fate.OTHER_HOST: "it belongs to another host",
    Fate.OTHER_NAMESPACE: "it belongs to another PID namespace of this host",
    Fate.UNKNOWN: "the process that made it is not known here",
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "clean",
        "Remove what an interrupted command left behind.",
        "Remove containers, networks and volumes with BeaCon's label from all engines that answer, "
        "its cgroups, and the "
        "processes and folders of users' workload scripts, if the command that made them is dead. "
        "What belongs to a running command, to another host or to another PID namespace stays and "
        "is listed.",
        "[--all] [--json]",
        ["", "--all"],
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--all",
        action="store_true",
        help="Also remove what belongs to running commands, other hosts and other PID namespaces. "
        "Default: leave it, and say whose it is.",
    )
    add_general_options(parser, "what was removed, and what stays,")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Clean up and say what went."""
    with open_all() as engines:
        swept = clean(engines, everything=options.all)
    if options.json:
        console.document("clean", swept)
        return ExitCode.DONE
    for item in swept.removed:
        console.result(f"removed {item}")
    _tell_kept(swept.kept, console)
    if not swept.removed and not swept.kept:
        console.say("Nothing was left behind.")
    return ExitCode.DONE


def _tell_kept(kept: Sequence[Kept], console: Console) -> None:
    for fate, why in _WHY.items():
        names = [each.name for each in kept if each.maker is fate]
        if names:
            more = f" and {len(names) - _SHOWN} more (--json lists all)"
            some = ", ".join(names[:_SHOWN]) + (more if len(names) > _SHOWN else "")
            advice = "" if fate is Fate.ALIVE else " Use --all to remove it."
            console.say(f"Kept because {why}: {some}.{advice}")
