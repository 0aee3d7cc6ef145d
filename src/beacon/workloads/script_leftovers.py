"""Ends the scripts, and removes their folders, whose BeaCon was killed before it could."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL

from beacon.owner import PROC, owner_is_dead

#: A script's private folder is called so, with its maker and something random behind.
PREFIX = "beacon-script-"
#: A script and all that it starts find the path of their report here, and are known by it.
REPORT_VARIABLE = "BEACON_CHECKS"

_FOLDER = re.compile(re.escape(PREFIX) + r"(\d+:\d+)-\w+", re.ASCII)


def remove(*, everything: bool = False) -> list[str]:
    """Kill what dead makers' scripts left running, remove their folders; what was removed.

    `everything` takes those of living makers too. Only what this user owns is touched: others
    may give a folder any name.
    """
    removed = []
    for folder in _folders(everything):
        removed += [f"process {pid}" for pid in _kill(folder)]
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(f"folder {folder}")
    return removed


def _folders(everything: bool) -> Iterator[Path]:
    for path in sorted(Path(tempfile.gettempdir()).glob(PREFIX + "*")):
        match = _FOLDER.fullmatch(path.name)
        if match and _is_own_folder(path) and (everything or owner_is_dead(match[1])):
            yield path


def _is_own_folder(path: Path) -> bool:
    try:
        return path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _kill(folder: Path) -> Iterator[int]:
    wanted = f"{REPORT_VARIABLE}={folder}/".encode()
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is not ours to look at
            if process.stat().st_uid != os.geteuid():
                continue
            variables = (process / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(wanted) for variable in variables):
                os.kill(int(process.name), SIGKILL)
                yield int(process.name)
