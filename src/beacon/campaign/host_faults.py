"""Faults that are caused from the host's side, without a program inside the container."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from beacon.campaign.not_applicable import NotApplicableError
from beacon.engines.inside_root import open_inside
from beacon.model.text import escape_untrusted

#: The name of the file that fills a file system; nothing inside looks for it.
FILLING = ".beacon-filling"
_CHUNK = bytes(1 << 16)
#: More than this is never written: the path may not be the small file system that was meant.
_MOST = 256 << 20

#: A container may make any number of interfaces; the engine's own come first.
_TABLE_LIMIT = 1 << 16


def kill_child(pid: int) -> None:
    """Kill a child process of `pid`, the youngest; NotApplicableError if it has none."""
    children = sorted(_children(pid))
    if not children:
        raise NotApplicableError("Its first process has no child to be killed.")
    with suppress(ProcessLookupError):
        os.kill(children[-1], signal.SIGKILL)


def fill(pid: int, path: str) -> None:
    """Fill the tmpfs that process `pid` sees at `path`, to its last byte."""
    directory = _open_inside(pid, path)
    try:
        if os.fstatvfs(directory).f_blocks * os.fstatvfs(directory).f_frsize > _MOST:
            raise NotApplicableError(f"{path} is on a file system too large to be filled.")
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        file = os.open(FILLING, flags, 0o600, dir_fd=directory)
        try:
            with suppress(OSError):  # no space is left: what was wanted
                for _ in range(_MOST // len(_CHUNK)):
                    os.write(file, _CHUNK)
        finally:
            os.close(file)
    finally:
        os.close(directory)


def shape(pid: int, words: Sequence[str]) -> None:
    """Put a queueing discipline on the container's own interfaces, in `tc`'s words."""
    for name in _interfaces(pid):
        command = ["nsenter", f"--net=/proc/{pid}/ns/net", "tc", "qdisc", "add", "dev", name]
        try:
            done = subprocess.run(
                [*command, "root", *words], capture_output=True, timeout=10, check=False, text=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotApplicableError(f"tc cannot be run on this host: {error}.") from error
        if done.returncode:
            reason = escape_untrusted((done.stderr.strip() or "no reason given").splitlines()[0])
            raise NotApplicableError(f"The tc qdisc cannot be applied: {reason.rstrip('.')}.")


def _children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            # The name in parentheses may hold anything; the parent is the second field after it.
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                yield int(stat.parent.name)


def _interfaces(pid: int) -> list[str]:
    with Path(f"/proc/{pid}/net/dev").open() as table:
        lines = table.read(_TABLE_LIMIT).splitlines()[2:]
    names = [line.partition(":")[0].strip() for line in lines]
    found = [name for name in names if name.startswith("eth") and name.isalnum()]
    if not found:
        raise NotApplicableError("It has no interface of its own.")
    return found


def _open_inside(pid: int, path: str) -> int:
    """Open a directory as the container sees it: its links cannot lead out of its root."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_inside(root, path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise NotApplicableError(f"{path} cannot be opened: {error.strerror}.") from None
    finally:
        os.close(root)
