"""Tables for `docs/evaluation.md`."""

from __future__ import annotations

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    rule = ["---", *("--:" for _ in heads[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows))


def share(value: float) -> str:
    """`0.165` as `16.5 %`."""
    return f"{100 * value:.1f} %"
