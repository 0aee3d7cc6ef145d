"""Reads a file that may be compressed, and that may be anything."""

from __future__ import annotations

import gzip
import zlib
from io import BufferedReader
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

_GZIP = b"\x1f\x8b"


def read_bounded(path: Path, limit: int) -> bytes:
    """The file's content, decompressed if it is gzip's; UsageError above `limit` bytes of it."""
    name = escape_untrusted(str(path))
    try:
        with path.open("rb") as file:
            content = _stream(file).read(limit + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(
            f"Cannot read {name} ({escape_untrusted(str(error))}): name a readable JSON file, "
            "plain or gzip."
        ) from None
    if len(content) > limit:
        raise UsageError(f"{name} is larger than {limit >> 20} MiB: give it in parts.")
    return content


def _stream(file: BufferedReader) -> BufferedReader | gzip.GzipFile:
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP else file
