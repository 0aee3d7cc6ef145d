"""The results of an evaluation as a file: what was measured now, beside what was measured before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

Row = TypeVar("Row")


def keep(file: Path, kind: type[Row], new: dict[str, Row], order: Iterable[str]) -> dict[str, Row]:
    """Write the rows of `new` into `file`, in place of those of the same name; all of them.

    Rows of other names stay: an evaluation of fifteen images takes hours and is made in parts.
    """
    rows: dict[str, Row] = {}
    if file.exists():
        rows = msgspec.json.decode(file.read_bytes(), type=dict[str, kind])  # type: ignore[valid-type]
    rows |= new
    listed = [*order]
    named = sorted(rows, key=lambda name: listed.index(name) if name in listed else len(listed))
    kept = {name: rows[name] for name in named}
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return kept
