"""How much memory commands use, with all processes that they start."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_PAUSE = 0.05


@dataclass
class Usage:
    """Of one command, in KiB: the most at a time of all processes, and of each at any time.

    `together` counts what processes share once for each of them.
    """

    together: int = 0
    each: dict[int, int] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        return max(self.each.values(), default=0)

    def alive(self) -> list[int]:
        return [pid for pid in self.each if (_PROC / str(pid)).exists()]


class Meter:
    """Looks at some commands, by their process ids, twenty times a second."""

    def __init__(self) -> None:
        self.usages: dict[int, Usage] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def watch(self, pid: int) -> Usage:
        return self.usages.setdefault(pid, Usage())

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE):
            children = _children()
            for root, usage in list(self.usages.items()):
                _add(usage, _below(root, children))


def _add(usage: Usage, pids: list[int]) -> None:
    sizes = [_sizes(pid) for pid in pids]
    usage.together = max(usage.together, sum(now for now, _ in sizes))
    for pid, (_, most) in zip(pids, sizes, strict=True):
        usage.each[pid] = max(most, usage.each.get(pid, 0))


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    return children


def _below(root: int, children: dict[int, list[int]]) -> list[int]:
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _sizes(pid: int) -> tuple[int, int]:
    """Resident now, and the most that ever was; nothing of a process that has ended."""
    with suppress(OSError):
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        if "VmHWM" in fields:
            return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])
    return 0, 0


def gone(usage: Usage, seconds: float = 5.0) -> bool:
    """Whether all its processes end within some seconds."""
    end = time.monotonic() + seconds
    while usage.alive() and time.monotonic() < end:
        time.sleep(_PAUSE)
    return not usage.alive()
