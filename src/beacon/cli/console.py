"""Results to stdout, everything else to stderr; on a terminal with colour, else plain lines."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from typing import TextIO

import msgspec
from rich.console import Console as Rich
from rich.table import Table
from rich.text import Text

from beacon.cli.documents import kind_and_version
from beacon.model.text import escape_for_terminal

_UNFOLDED = 10_000
_UNUSUAL = re.compile(r"[^\n -~]")


class Console:
    """Writes text without markup and control characters: much of it is attackers' data."""

    def __init__(self) -> None:
        self._out = _plain(sys.stdout)
        self._err = _plain(sys.stderr)

    @property
    def terminal(self) -> Rich | None:
        """Where a line can be drawn over; None when the progress goes to a file or a program."""
        return self._err if self._err.is_terminal else None

    def say(self, line: str) -> None:
        """A line for the reader of the progress."""
        with suppress(OSError):  # nobody reads it; the work goes on
            self._err.print(escape_for_terminal(line))

    def error(self, line: str, details: str | None = None) -> None:
        """What went wrong, and further lines below it."""
        text = Text("error: ", style="bold red").append(
            escape_for_terminal(line), style="not bold default"
        )
        with suppress(OSError):
            self._err.print(text)
            for detail in (details or "").splitlines():
                self._err.print(Text(f"  {escape_for_terminal(detail)}", style="dim"))

    def result(self, line: str = "") -> None:
        """A line of the result."""
        self._out.print(escape_for_terminal(line))

    def table(self, title: str | None, columns: list[str], rows: list[list[str]]) -> None:
        """A table of the result."""
        table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(escape_for_terminal(cell)) for cell in row))
        self._out.print(table)

    def document(self, kind: str, content: object) -> None:
        """A versioned JSON document as the whole result; `kind` is one of DOCUMENTS."""
        self.text(document_text(kind, content))

    def text(self, text: str) -> None:
        """A whole result that is harmless to a terminal already."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def document_line(self, kind: str, content: object) -> None:
        """A versioned JSON document on one line, one of several; see `document`."""
        raw = msgspec.json.encode({"schema": kind_and_version(kind), **_fields(content)})
        sys.stdout.write(_escaped(raw.decode()) + "\n")
        sys.stdout.flush()


def document_text(kind: str, content: object) -> str:
    """The document as indented JSON."""
    raw = msgspec.json.encode({"schema": kind_and_version(kind), **_fields(content)})
    return _escaped(msgspec.json.format(raw, indent=1).decode()) + "\n"


def _escaped(document: str) -> str:
    """The same JSON, with nothing in it that moves a cursor or reorders text."""
    return _UNUSUAL.sub(
        lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], document
    )


def _plain(stream: TextIO) -> Rich:
    # What goes to a file or a program is not to be folded at some terminal's width.
    width = None if stream.isatty() else _UNFOLDED
    return Rich(
        file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True, width=width
    )


def _fields(content: object) -> dict[str, object]:
    plain = msgspec.to_builtins(content)
    return plain if isinstance(plain, dict) else {"items": plain}


def counted(count: int, thing: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
