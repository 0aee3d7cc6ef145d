"""Which process made a thing (a container, a cgroup, a script's folder), and what is known of it.

A process ID means something only in its PID namespace, on one boot of one host, and the engine may
be shared: a host may have it as DOCKER_HOST, a container may have its socket. So all of these are
in the label, and a process that cannot be seen from here counts as alive.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PROC = Path("/proc")
#: What tells one host from another, beside its name: machine-id(5), and the firmware's UUID for
#: clones of a virtual machine that share the former. Only root can read the latter.
_HOST_FILES = (Path("/etc/machine-id"), Path("/sys/class/dmi/id/product_uuid"))
_UNKNOWN_HOST = "0" * 16
_PID_MAX = 1 << 22  # PID_MAX_LIMIT in linux/threads.h: no process has a greater ID
_LABEL = re.compile(
    r"([0-9a-f]{16})-([0-9a-f]{32})-(\d{1,10})-(\d{1,10})-([1-9]\d{0,6})-(\d{1,20})", re.ASCII
)


class Fate(StrEnum):
    """What can be said of the process that a label names."""

    DEAD = "dead"
    ALIVE = "alive"
    OTHER_HOST = "other-host"
    OTHER_NAMESPACE = "other-namespace"  # of this host and boot
    UNKNOWN = "unknown"  # the label names no process, or /proc shows nothing of this one


@dataclass(frozen=True, kw_only=True)
class ProcessIdentity:
    """One process among those of all hosts and boots.

    `host` is a hash (a machine's ID is not for strangers), `boot` the kernel's boot ID without
    dashes; the namespaces are inode numbers, `start` is in clock ticks since the boot as the time
    namespace counts them. As text it is one word of hexadecimal digits and dashes.
    """

    host: str
    boot: str
    pid_namespace: int
    time_namespace: int
    pid: int
    start: int

    def __str__(self) -> str:
        namespaces = f"{self.pid_namespace}-{self.time_namespace}"
        return f"{self.host}-{self.boot}-{namespaces}-{self.pid}-{self.start}"


def parse(text: object) -> ProcessIdentity | None:
    """The identity that a label holds; None for what does not name a process."""
    match = _LABEL.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[5]) > _PID_MAX:
        return None
    host, boot, *numbers = match.groups()
    pid_namespace, time_namespace, pid, start = map(int, numbers)
    return ProcessIdentity(
        host=host,
        boot=boot,
        pid_namespace=pid_namespace,
        time_namespace=time_namespace,
        pid=pid,
        start=start,
    )


def identify(pid: int | None = None, proc: Path = PROC) -> ProcessIdentity:
    """Return a running process of this PID namespace (this process by default).

    OSError if there is none, or if `proc` does not show this process.
    """
    return ProcessIdentity(
        host=_host(),
        boot=_boot(proc),
        pid_namespace=_namespace("pid", proc),
        time_namespace=_namespace("time", proc),
        pid=os.getpid() if pid is None else pid,
        start=_start_time("self" if pid is None else str(pid), proc),
    )


def fate(label: object, proc: Path = PROC) -> Fate:
    """Whether the process that a label names is surely dead, or why that cannot be said.

    Only DEAD is a proof: clean-up had better leave something behind than remove what somebody
    still uses.
    """
    maker = parse(label)
    if maker is None:
        return Fate.UNKNOWN
    try:
        if maker.boot != _boot(proc):
            same_host = maker.host == _host() != _UNKNOWN_HOST
            return Fate.DEAD if same_host else Fate.OTHER_HOST
        if not _is_seen_from_here(maker, proc):
            return Fate.OTHER_NAMESPACE
    except OSError:  # /proc does not show even this process: it proves nothing
        return Fate.UNKNOWN
    return Fate.DEAD if _is_gone(maker, proc) else Fate.ALIVE


def _is_seen_from_here(maker: ProcessIdentity, proc: Path) -> bool:
    """Whether its ID and start time mean here what they meant where it took them.

    /proc may show another namespace's processes (`docker run -v /proc:/proc`, or `unshare --pid`
    without a mount of its own): this process then has more IDs than one in it.
    """
    status = (proc / "self" / "status").read_text()
    ids = re.search(r"^NSpid:\s(.*)$", status, re.MULTILINE)
    return (
        ids is not None
        and len(ids[1].split()) == 1
        and maker.pid_namespace == _namespace("pid", proc)
        and maker.time_namespace == _namespace("time", proc)
    )


def _is_gone(maker: ProcessIdentity, proc: Path) -> bool:
    try:
        return _start_time(str(maker.pid), proc) != maker.start
    except (FileNotFoundError, ProcessLookupError):
        return not _exists(maker.pid)
    except PermissionError:
        return False


def _exists(pid: int) -> bool:
    # Where /proc is mounted with hidepid, a file that is missing there proves nothing.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _host() -> str:
    """Sixteen hexadecimal digits for this host; zeros where nothing tells it from another."""
    found = [_content(path) for path in _HOST_FILES]
    if not any(found):
        return _UNKNOWN_HOST
    # The host's name as well: images with a machine ID in them give all their containers the same.
    words = (b"beacon host", *found, platform.node().encode(errors="replace"))
    return hashlib.sha256(b"\0".join(words)).hexdigest()[:16]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""


def _boot(proc: Path) -> str:
    return (proc / "sys/kernel/random/boot_id").read_text().strip().replace("-", "")


def _namespace(kind: str, proc: Path) -> int:
    """The inode number of this process's namespace; 0 where the kernel has none of the kind."""
    try:
        link = str((proc / "self/ns" / kind).readlink())  # `pid:[4026531836]`
    except FileNotFoundError:
        return 0
    return int(link.partition("[")[2].removesuffix("]"))


def _start_time(pid: str, proc: Path) -> int:
    # The second field, the process's name, is in parentheses and may itself hold blanks and
    # parentheses, so the fields are counted from the last one: the state is field 3.
    stat = (proc / pid / "stat").read_bytes()
    return int(stat.rpartition(b")")[2].split()[22 - 3])
