"""The manual page, `man beacon`, as `script/reference` writes it from the parser."""

from __future__ import annotations

import os
from unittest.mock import patch

from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]

from beacon.cli.main import build_parser

_NOTE = '.\\" script/reference writes this page from the code.\n'


def manual_page() -> str:
    """The page in the macros of man(7). It has neither date nor version: they would be stale."""
    parser = build_parser()
    parser.prog = "beacon"
    data = {
        "date": " ",
        "project_name": "BeaCon",
        "manual_title": "BeaCon",
        "description": "write the least-privilege policy of a container image, and prove it",
    }
    with patch.dict(os.environ, COLUMNS="80"):  # argparse breaks lines as this terminal would
        return _NOTE + str(Manpage(parser, data)).rstrip() + "\n"
