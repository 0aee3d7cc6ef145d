"""Walks a folder that may be hostile: nothing is followed, and there is an end to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import ESTALE
from itertools import islice
from pathlib import Path

from beacon.errors import BeaconError

_DEEPEST = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe that takes a file's place meanwhile must not be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class TooLargeError(BeaconError):
    """There is more than the budget allows."""


class StoppedError(BeaconError):
    """The command is ending."""


@dataclass
class Budget:
    """How many files, and bytes of their content, may still be looked at, unless `stopped`."""

    files: int
    size: int
    stopped: Callable[[], bool] | None = None

    def take(self, *, files: int = 0, size: int = 0) -> None:
        """Spend it; TooLargeError when nothing is left, StoppedError."""
        if self.stopped is not None and self.stopped():
            raise StoppedError("The command is ending.")
        self.files -= files
        self.size -= size
        if min(self.files, self.size) < 0:
            raise TooLargeError("There are too many files, or too much in them.")


@dataclass(frozen=True)
class Entry:
    """A file, folder or whatever else; `path` is relative to the top, which is `.` itself.

    `folder` is an open descriptor of where it is, as long as the walk stands there.
    """

    path: str
    folder: int
    name: str
    found: os.stat_result

    def open(self) -> int:
        """A descriptor of a file or folder; OSError for anything else that is in its place now."""
        handle = os.open(self.name, _FILE, dir_fd=self.folder)
        now = os.fstat(handle)
        if (now.st_dev, now.st_ino) != (self.found.st_dev, self.found.st_ino):
            os.close(handle)
            raise OSError(ESTALE, "somebody exchanges a file at this moment")
        return handle


def entries(top: Path, budget: Budget) -> Iterator[Entry]:
    """All that is there, sorted by name, folders before what is in them.

    TooLargeError also for folders in each other without end; OSError for what cannot be read.
    """
    handle = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _entry(Path(), handle, top.name, budget)
    finally:
        os.close(handle)


def _entry(path: Path, folder: int, name: str, budget: Budget) -> Iterator[Entry]:
    budget.take(files=1)
    if len(path.parts) > _DEEPEST:
        raise TooLargeError(f"There are more than {_DEEPEST} folders in each other.")
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    yield Entry(str(path), folder, name, found)
    if stat.S_ISDIR(found.st_mode):
        inside = os.open(name, _FOLDER, dir_fd=folder)
        try:
            for each in _names(inside, budget):
                yield from _entry(path / each, inside, each, budget)
        finally:
            os.close(inside)


def _names(folder: int, budget: Budget) -> list[str]:
    with os.scandir(folder) as found:
        names = [each.name for each in islice(found, budget.files + 1)]
    if len(names) > budget.files:
        raise TooLargeError("There are too many files.")
    return sorted(names)
