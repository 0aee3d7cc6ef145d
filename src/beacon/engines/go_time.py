"""Times as Docker's options spell them (`1m30s`)."""

from __future__ import annotations

import re

from beacon.engines.interface import RefusedError
from beacon.model.text import escape_untrusted

#: Go's time.ParseDuration, without signs.
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)", re.ASCII)
_TIME = re.compile(rf"(?:{_PART.pattern}){{1,8}}", re.ASCII)
_UNITS = {"ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}


def nanoseconds(time: str) -> int:
    """A time as Go spells it; RefusedError for what is none."""
    if not _TIME.fullmatch(time):
        raise RefusedError(f"There is no such time: {escape_untrusted(time[:100])} (write 1m30s).")
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(time)))
