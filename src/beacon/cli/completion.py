"""Completion for shells, made by shtab from the parser."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from beacon.errors import UsageError

SHELLS = ("bash", "zsh", "tcsh")


class PrintCompletion(argparse.Action):
    """Writes the completion of a shell and ends the command; UsageError without shtab."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Write it."""
        try:
            shtab = import_module("shtab")
        except ImportError:
            raise UsageError(
                "Completion needs the Python package shtab: pip install "
                "'beacon-policy[completion]'."
            ) from None
        sys.stdout.write(f"{shtab.complete(parser, str(values))}\n")
        parser.exit()


def add_completion_option(group: argparse._ArgumentGroup) -> None:
    """Add the option to the parser of all commands."""
    group.add_argument(
        "--print-completion",
        metavar="SHELL",
        choices=SHELLS,
        action=PrintCompletion,
        help="Write the completion for a shell to stdout and exit. Values: bash, zsh, tcsh. Needs "
        "pip install 'beacon-policy[completion]'.",
    )
