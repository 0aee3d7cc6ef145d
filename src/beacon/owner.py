"""Who made a thing (a container, a cgroup, a script's folder), and whether that process lives."""

from __future__ import annotations

import os
import re
from pathlib import Path

PROC = Path("/proc")
_OWNER = re.compile(r"([1-9]\d{0,9}):(\d{1,20})", re.ASCII)


def owner(pid: int | None = None, proc: Path = PROC) -> str:
    """Return `PID:START` of a living process (this one by default); OSError if there is none."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}:{_start_time(pid, proc)}"


def owner_is_dead(label: object, proc: Path = PROC) -> bool:
    """Whether the process that a label names is surely gone.

    A label that names no process proves nothing, so its bearer counts as alive: clean-up had
    better leave something behind than remove what somebody still uses.
    """
    match = _OWNER.fullmatch(label) if isinstance(label, str) else None
    if match is None:
        return False
    try:
        return _start_time(int(match[1]), proc) != int(match[2])
    except (FileNotFoundError, ProcessLookupError):
        return True


def _start_time(pid: int, proc: Path) -> int:
    # The second field, the process's name, is in parentheses and may itself hold blanks and
    # parentheses, so the fields are counted from the last one: the state is field 3.
    stat = (proc / str(pid) / "stat").read_bytes()
    return int(stat.rpartition(b")")[2].split()[22 - 3])
