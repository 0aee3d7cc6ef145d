"""beacon dimensions: what can vary around a container, and why it can matter."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.campaign.settings import read_settings
from beacon.cli.console import Console
from beacon.data.dimensions import general
from beacon.errors import ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "dimensions",
        help="list what `beacon profile` varies, and why it can matter",
        description="List the dimensions with their values. Those marked with * give the image a "
        "part of the host and are used only if named with --dimensions.",
    )
    parser.add_argument("--settings", metavar="FILE", type=Path, help="an image's own, too")
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """List them."""
    own = read_settings(options.settings).dimensions if options.settings else ()
    dimensions = {each.name: each for each in (*general(), *own)}.values()
    if options.json:
        console.document("dimensions", {"dimensions": list(dimensions)})
        return ExitCode.DONE
    rows = [
        [each.name + ("*" if each.ask else ""), each.kind, ", ".join(each.values), each.why]
        for each in dimensions
    ]
    console.table(None, ["dimension", "kind", "values", "why"], rows)
    return ExitCode.DONE
