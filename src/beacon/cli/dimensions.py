"""beacon dimensions: what can vary around a container, and why it can matter."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.campaign.settings import read_settings
from beacon.cli.console import Console
from beacon.cli.documents import Dimensions
from beacon.cli.parser import add_command, add_general_options
from beacon.data.dimensions import general
from beacon.errors import ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "dimensions",
        "List what `beacon profile` varies around an image, and why.",
        "List the dimensions with their values. `beacon profile` tries all of them, except those "
        "marked with *: these give the image a part of the host, and are used only if you name "
        "them with --dimensions.",
        "[--settings FILE] [--json]",
        ["", "--settings web.toml"],
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="Also list the dimensions of this settings file (TOML, docs/reference/settings.md); "
        "one of the same name replaces a general one. Default: the general ones only.",
    )
    add_general_options(parser, "the dimensions with all that their values change")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """List them."""
    own = read_settings(options.settings).dimensions if options.settings else ()
    dimensions = {each.name: each for each in (*general(), *own)}.values()
    if options.json:
        console.document("dimensions", Dimensions(dimensions=tuple(dimensions)))
        return ExitCode.DONE
    rows = [
        [each.name + ("*" if each.host_access else ""), each.kind, ", ".join(each.values), each.why]
        for each in dimensions
    ]
    console.table(None, ["dimension", "kind", "values", "why"], rows)
    return ExitCode.DONE
