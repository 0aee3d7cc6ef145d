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

from beacon.model.leftovers import Kept, Swept
from beacon.process_identity import PROC, Fate, fate

#: A script's private folder is called so, with its maker and something random behind.
PREFIX = "beacon-script-"
#: A script and all that it starts find the path of their report here, and are known by it.
REPORT_VARIABLE = "BEACON_CHECKS"

#: A process can make the kernel show any part of its memory here (PR_SET_MM), and processes of
#: containers are looked at, too. What execve takes is 6 MiB at most.
_ENVIRONMENT_LIMIT = 6 << 20

#: Version 0.1 named the maker by PID:START alone.
_MAKER = r"(\d+:\d+|[0-9a-f]{16}-[0-9a-f]{32}(?:-\d+){4})"
_FOLDER = re.compile(re.escape(PREFIX) + _MAKER + r"-\w+", re.ASCII)


def remove(*, everything: bool = False) -> Swept:
    """Kill what dead makers' scripts left running and remove their folders.

    `everything` removes all of them, whoever made them. Only what this user owns is touched:
    others may give a folder any name.
    """
    removed, kept = [], []
    for folder, maker in _folders():
        if not everything and maker is not Fate.DEAD:
            kept.append(Kept(f"folder {folder}", maker))
            continue
        removed += [f"process {pid}" for pid in _kill(folder)]
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(f"folder {folder}")
    return Swept(tuple(removed), tuple(kept))


def _folders() -> Iterator[tuple[Path, Fate]]:
    for path in sorted(Path(tempfile.gettempdir()).glob(PREFIX + "*")):
        match = _FOLDER.fullmatch(path.name)
        if match and _is_own_folder(path):
            yield path, fate(match[1])


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
            with (process / "environ").open("rb") as file:
                variables = file.read(_ENVIRONMENT_LIMIT).split(b"\0")
            if any(variable.startswith(wanted) for variable in variables):
                os.kill(int(process.name), SIGKILL)
                yield int(process.name)
