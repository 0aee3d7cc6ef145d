"""The results of an evaluation as a file: what was measured, when, where, and of which commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from markdown import table

_ROOT = Path(__file__).resolve().parent.parent

Row = TypeVar("Row")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """When, of which commit and where. `memory` in GiB; `commit` ends with + where files differ."""

    date: str
    commit: str
    kernel: str
    processors: int
    memory: int
    engine: str

    def sentence(self) -> str:
        """The last line below a result."""
        where = f"Linux {self.kernel}, {self.processors} processors, {self.memory} GiB"
        return f"Measured on {self.date} at {self.commit} ({where}, {self.engine})."


class Table(msgspec.Struct, frozen=True, tag=True):
    """A table of the page."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Text(msgspec.Struct, frozen=True, tag=True):
    """A paragraph of the page."""

    text: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of one evaluation.

    `report`: what the page shows. `rows`: by image, those measured before too, each with its own
    `measured`; they are of a type that the evaluation knows.
    """

    measured: Measured | None = None
    report: tuple[Table | Text, ...] = ()
    rows: dict[str, Any] = {}

    def page(self) -> str:
        """The report in Markdown, with what it was measured on."""
        parts = [
            table(part.columns, part.rows) if isinstance(part, Table) else part.text
            for part in self.report
        ]
        return "\n\n".join([*parts, *([self.measured.sentence()] if self.measured else [])])


def here() -> Measured:
    """Now, this commit, this host."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    version = _said("docker", "version", "--format", "{{.Server.Version}}")
    changed = _said(
        "git", "-C", str(_ROOT), "status", "--porcelain", "--", "src", "bpf", "catalogue"
    )
    return Measured(
        date=datetime.now(UTC).date().isoformat(),
        commit=(_said("git", "-C", str(_ROOT), "rev-parse", "--short", "HEAD") or "no commit")
        + ("+" if changed else ""),
        kernel=platform.release().partition("-")[0],
        processors=os.cpu_count() or 1,
        memory=round(pages / 2**30),
        engine=f"Docker {version or 'absent'}",
    )


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def read(file: Path) -> Results:
    """What is kept in the file; nothing if it is not there."""
    return msgspec.json.decode(file.read_bytes(), type=Results) if file.exists() else Results()


def write(file: Path, results: Results) -> None:
    """In a form that a diff shows well."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def keep(file: Path, kind: type[Row], new: dict[str, Row], order: Sequence[str]) -> dict[str, Row]:
    """Write the rows of `new` into `file`, in place of those of the same name; all of them.

    Rows of other names stay: an evaluation of fifteen images takes hours and is made in parts.
    """
    results, measured = read(file), here()
    rows = {
        name: msgspec.convert({"row": each["row"], "measured": each["measured"]}, _Kept)
        for name, each in results.rows.items()
    }
    rows |= {name: _Kept(measured, msgspec.to_builtins(each)) for name, each in new.items()}
    kept = {name: rows[name] for name in _sorted(rows, order)}
    write(file, msgspec.structs.replace(results, rows=kept))
    return {name: msgspec.convert(each.row, kind) for name, each in kept.items()}


class _Kept(msgspec.Struct, frozen=True):
    measured: Measured | None
    row: Any


def _sorted(names: Iterable[str], order: Sequence[str]) -> list[str]:
    place = {name: number for number, name in enumerate(order)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def parsed(text: str) -> tuple[Table | Text, ...]:
    """What an evaluation printed, as the parts of its report: tables, and paragraphs between."""
    parts: list[Table | Text] = []
    for block in text.strip().split("\n\n"):
        lines = block.strip().splitlines()
        if len(lines) >= 2 and all(line.startswith("| ") for line in lines) and "---" in lines[1]:
            heads, _, *rows = map(_cells, lines)
            parts.append(Table(heads, tuple(rows)))
        elif lines:
            parts.append(Text("\n".join(lines)))
    return tuple(parts)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(line.removeprefix("| ").removesuffix(" |").split(" | "))
