"""Types and checks of arguments that several commands share."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from beacon.errors import UsageError

_Number = TypeVar("_Number", int, float)


def positive(kind: type[_Number]) -> Callable[[str], _Number]:
    """An argparse type: a finite number above zero."""

    def parse(text: str) -> _Number:
        number = kind(text)
        if not math.isfinite(number) or number <= 0:
            raise ValueError(text)
        return number

    parse.__name__ = "positive number"
    return parse


def seconds(text: str) -> float:
    """An argparse type: how long to wait, in seconds; a year at most, as in the documents."""
    number = positive(float)(text)
    if number > 31_536_000:
        raise ValueError(text)
    return number


seconds.__name__ = "positive number"


def number_of_starts(text: str) -> int:
    """An argparse type: how often a container is started, at most a hundred thousand times."""
    number = int(text)
    if not 0 <= number <= 100_000:
        raise ValueError(text)
    return number


number_of_starts.__name__ = "number of starts"


def directory(text: str) -> Path:
    """An argparse type: a directory's path, which is not empty."""
    if not text:
        raise ValueError(text)
    return Path(text)


def check_output(output: Path) -> None:
    """UsageError for an output that is no directory, before any work is done for it."""
    try:
        _check_directory(output)
    except OSError as error:  # a name that is too long, say
        raise UsageError(
            f"{output} cannot be used ({error.strerror}): name another directory with -o."
        ) from None


def check_output_file(file: Path) -> None:
    """UsageError for what cannot become a new file, before any work is done for it.

    What has its name would be replaced, /dev/stdout and /dev/null too.
    """
    check_output(file.parent)
    if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
        raise UsageError(f"{file} is a directory, a link or a device: name a file of your own.")


def _check_directory(output: Path) -> None:
    if (output.exists() or output.is_symlink()) and not output.is_dir():
        raise UsageError(f"{output} is not a directory: name another one with -o.")
    existing = next(p for p in (output, *output.absolute().parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise UsageError(f"{output} cannot be written: name another directory with -o.")
