"""Names that are written into files as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


def plain_words(names: Iterable[str], file: str) -> list[str]:
    """The names of calls and capabilities; UsageError for one that would be syntax in the file."""
    found = list(names)
    for name in found:
        if not _NAME.fullmatch(name):
            shown = escape_untrusted(name[:80])
            raise UsageError(f"{shown} cannot be written to {file}: profile the image again.")
    return found
