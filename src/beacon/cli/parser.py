"""A command's parser: how its help looks, and what all commands have in common."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from beacon.cli.option_words import OptionWords, UnknownOptionError, foreign_options
from beacon.data.docker_run import docker_run

_WIDEST = 100  # characters of a line
_COLUMN = 26  # where the texts of options begin


class HelpFormatter(argparse.HelpFormatter):
    """Keeps paragraphs apart and examples as they are; the same on each version of Python."""

    def __init__(self, prog: str, **_: Any) -> None:
        width = min(_WIDEST, shutil.get_terminal_size().columns)
        super().__init__(prog, max_help_position=_COLUMN, width=width)
        self._action_max_length = _COLUMN  # one column in the help of all commands

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        return names if action.nargs == 0 else f"{names} {action.metavar}"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        paragraphs = text.split("\n\n")
        # What is broken into lines already stays so.
        return "\n\n".join(p if "\n" in p else fill(p, width, indent) for p in paragraphs)


class Parser(argparse.ArgumentParser):
    """Names an option that it does not have, and the nearest that it has.

    `docker_run`: it takes those of `docker run` that have no effect, too. What it took so is
    `without_effect` in the namespace, a sentence each.
    """

    docker_run = False

    # Whatever argparse passes besides, it passes on.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does."""
        foreign = foreign_options(docker_run()) if self.docker_run else {}
        words = OptionWords(self._option_string_actions, foreign, self._own_positionals())
        try:
            kept = words.read(sys.argv[1:] if args is None else args)
        except UnknownOptionError as unknown:
            self.error(str(unknown))
        found, extra = super().parse_known_args(kept, namespace)
        if self.docker_run:
            found.without_effect = tuple(words.notes())
        return found, extra

    def _own_positionals(self) -> float:
        """How many positional arguments come before words that others read."""
        for count, action in enumerate(self._get_positional_actions()):
            if action.nargs in (argparse.REMAINDER, argparse.PARSER):
                return max(1, count)
        return math.inf


def add_command(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    usage: str | Sequence[str],
    examples: Sequence[str],
) -> Parser:
    """Add a command's parser; `usage` and `examples` are what follows `beacon NAME`."""
    forms = [usage] if isinstance(usage, str) else usage
    shown = "\n".join(f"  beacon {name} {example}".rstrip() for example in examples)
    parser: Parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        usage="\n       ".join(f"beacon {name} {form}" for form in forms),
        epilog=f"examples:\n{shown}",
        formatter_class=HelpFormatter,
        add_help=False,
    )
    return parser


def add_general_options(parser: argparse.ArgumentParser, document: str) -> None:
    """Add what each command has; `document` is what `--json` writes."""
    group = parser.add_argument_group("general options")
    group.add_argument(
        "--json",
        action="store_true",
        help=f"Write {document} to standard output as one JSON document, whose `schema` names its "
        "kind and version. Everything else goes to standard error.",
    )
    add_help_option(group)


def add_help_option(group: argparse._ArgumentGroup) -> None:
    """Add the option that shows the help."""
    group.add_argument("-h", "--help", action="help", help="Show this help and exit.")
