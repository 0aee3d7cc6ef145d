"""One digest for all files of a folder: what a job left there."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from beacon.engines.file_tree import Budget, Entry, TooLargeError, entries

_CHUNK = 1 << 20


def digest(top: Path, budget: Budget) -> str | None:
    """The SHA-256 over path, type, mode and content of each, sorted; None for too much of it.

    Times, owners and attributes do not count, nor does what a pipe or a device would answer.
    """
    found = hashlib.sha256()
    try:
        for entry in entries(top, budget):
            found.update(_described(entry, budget))
    except (OSError, TooLargeError):
        return None
    return found.hexdigest()


def _described(entry: Entry, budget: Budget) -> bytes:
    """Of a fixed length, so that no name can be taken for another file's content."""
    path = hashlib.sha256(os.fsencode(entry.path)).digest()
    mode = entry.found.st_mode.to_bytes(4, "big")
    return path + mode + _content(entry, budget)


def _content(entry: Entry, budget: Budget) -> bytes:
    content, mode = hashlib.sha256(), entry.found.st_mode
    if stat.S_ISLNK(mode):
        content.update(os.fsencode(os.readlink(entry.name, dir_fd=entry.folder)))
    if stat.S_ISREG(mode):
        # A file of holes alone has a size that nobody can read to its end.
        budget.take(size=entry.found.st_size)
        left = entry.found.st_size
        with os.fdopen(entry.open(), "rb") as file:
            while left and (chunk := file.read(min(left, _CHUNK))):
                content.update(chunk)
                left -= len(chunk)
    return content.digest()
