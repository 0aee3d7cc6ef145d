"""The table of kernels that a session ends with, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_ROWS: list[Row] = []


@dataclass(frozen=True)
class Row:
    """What came of one kernel; `capabilities` is the way by which their checks are seen."""

    architecture: str
    kernel: str
    capabilities: str
    result: str
    seconds: float


def add_row(row: Row) -> None:
    """Put it into the session's table."""
    _ROWS.append(row)


def lines() -> Iterator[str]:
    """The table; nothing where no kernel was tried."""
    if not _ROWS:
        return
    yield "| architecture | kernel | capability checks by | result | seconds |"
    yield "|---|---|---|---|---:|"
    for row in _ROWS:
        yield (
            f"| {row.architecture} | {row.kernel} | {row.capabilities} | {row.result} "
            f"| {row.seconds:.0f} |"
        )
