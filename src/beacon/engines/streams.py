"""What engines call a container's streams, and how much of them is kept."""

from __future__ import annotations

from beacon.model.text import escape_untrusted

OUTPUT, ERROR = "standard output", "standard error"
#: How much of a container's or a command's output is kept.
KEPT = 64 << 10


def printable_lines(raw: bytes, last: int | None = None) -> str:
    r"""Return the lines of `raw`, or the `last` of them, each printable, joined by `\n`."""
    lines = raw.rstrip(b"\r\n").split(b"\n")
    return "\n".join(escape_untrusted(line) for line in (lines if last is None else lines[-last:]))
