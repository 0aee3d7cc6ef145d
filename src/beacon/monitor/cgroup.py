"""Cgroups that are made before the container, so that their ids are known before its first call."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from beacon.monitor.interface import MonitorUnsupportedError, NotHereError, TargetExistsError

ROOT = Path("/sys/fs/cgroup")
#: Seconds that killed processes get to end, and between two looks.
_PATIENCE, _PAUSE = 5.0, 0.02
PROC = Path("/proc")
#: Room for a process identity; a unit's name of systemd may have 255 characters in all.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,159}")


@dataclass(frozen=True)
class Hierarchy:
    """Where processes are told apart: the unified hierarchy (version 2) or v1's pids."""

    version: int
    identity: Path
    everywhere: tuple[Path, ...]  # every hierarchy an engine may make the cgroup in


def find_hierarchy(root: Path = ROOT) -> Hierarchy:
    """The host's cgroups; MonitorUnsupportedError when there are none that can be used."""
    if (root / "cgroup.controllers").is_file():
        return Hierarchy(2, root, (root,))
    mounted = tuple(sorted(p for p in root.glob("*") if (p / "cgroup.procs").is_file()))
    if root / "pids" in mounted:
        return Hierarchy(1, root / "pids", mounted)
    raise MonitorUnsupportedError(
        f"No cgroup v2 and no v1 pids controller is mounted below {root}: mount one of them."
    )


class Cgroup:
    """A parent cgroup of our own, by name, below the root or in a slice of systemd's."""

    def __init__(self, hierarchy: Hierarchy, name: str, *, systemd: bool = False) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a cgroup name: {name!r}")
        self._hierarchy = hierarchy
        # systemd spells the tree in the unit's name: beacon.slice/beacon-NAME.slice, where a
        # dash would open another level.
        self._systemd = systemd
        flat = name.replace("-", "_")
        self.option = f"beacon-{flat}.slice" if systemd else f"/beacon/{name}"
        self._path = f"beacon.slice/{self.option}" if systemd else f"beacon/{name}"

    @property
    def path(self) -> Path:
        """The directory whose inode number is the cgroup's id in the kernel."""
        return self._hierarchy.identity / self._path

    def make(self) -> int:
        """Create it; its id. TargetExistsError for an older one of the same name."""
        try:
            _make(self.path)
        except FileExistsError:
            raise TargetExistsError(
                f"The cgroup {self.path} is there already: run `beacon clean`."
            ) from None
        if not self._systemd:
            # A container runtime makes it in the others, level by level, while another run may
            # remove their parent: it fails by chance unless they are there before.
            for base in self._hierarchy.everywhere:
                with contextlib.suppress(OSError):
                    _make(base / self._path)
        return self.path.stat().st_ino

    def kill(self) -> None:
        """Kill the processes that are in it, and wait a moment for their end."""
        _end(self.path)

    def remove(self) -> None:
        """Remove it from every hierarchy, with what the engine left below; none is no error.

        Processes that are still in it are killed: a runtime takes a container for ended once its
        first thread has ended, though others of its threads may live on (where exit_group is
        denied), and then nobody ends them.
        """
        self.kill()
        for base in self._hierarchy.everywhere:
            remove_tree(base / self._path)
            with contextlib.suppress(OSError):
                (base / self._path).parent.rmdir()


def cgroup_of(hierarchy: Hierarchy, pid: int, container: str, proc: Path = PROC) -> Path:
    """The cgroup of the container with this id, to which process `pid` belongs, or one below it.

    NotHereError if it is not a process of this container.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        lines = []
    for number, controllers, path in (line.split(":", 2) for line in lines if line.count(":") > 1):
        unified = hierarchy.version == 2 and number == "0"
        parts = Path(path).parts[1:]
        if (unified or "pids" in controllers.split(",")) and ".." not in parts:
            place = [n for n, part in enumerate(parts) if container in part]
            if place:
                return hierarchy.identity.joinpath(*parts[: place[0] + 1])
    raise NotHereError(
        f"Process {pid} of the container is not on this host, or in another PID or cgroup "
        "namespace: run `beacon watch` where the container runs, on the host itself."
    )


def cgroup_to_come(hierarchy: Hierarchy, path: str) -> Path:
    """The cgroup that a container gets when it is started; NotHereError if nothing can hold it."""
    place = hierarchy.identity / path.lstrip("/")
    if ".." in place.parts or not place.parent.is_dir():
        raise NotHereError(
            f"The engine's cgroup {place.parent} is not on this host: start the container, and "
            "run `beacon watch` where it runs."
        )
    return place


def _make(path: Path) -> None:
    while True:
        path.parent.mkdir(exist_ok=True)
        # Whoever removes the last other cgroup removes the parent, perhaps just now.
        with contextlib.suppress(FileNotFoundError):
            path.mkdir()
            return


def _end(path: Path) -> None:
    """Kill the processes below a cgroup and wait a moment for their end."""
    deadline = time.monotonic() + _PATIENCE
    while (found := _processes(path)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(OSError):
                _kill(process, path)
        time.sleep(_PAUSE)


def _kill(process: int, path: Path) -> None:
    handle = os.pidfd_open(process)
    try:
        if process in _processes(path):  # not another one by now that has its number
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)


def _processes(path: Path) -> frozenset[int]:
    """The processes below a cgroup, as far as this PID namespace shows them."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for file in path.rglob("cgroup.procs"):
            found.update(map(int, file.read_text().split()))
    return frozenset(found - {0})


def remove_tree(path: Path) -> None:
    """Remove empty cgroups bottom-up; those that still hold processes stay."""
    with contextlib.suppress(OSError):
        for child in path.iterdir():
            if child.is_dir() and not child.is_symlink():
                remove_tree(child)
        path.rmdir()


def leftovers(hierarchy: Hierarchy) -> list[Path]:
    """Cgroups below ours, of whatever session, in any hierarchy."""
    parents = (base / top for base in hierarchy.everywhere for top in ("beacon", "beacon.slice"))
    return sorted(
        p for parent in parents if parent.is_dir() for p in parent.iterdir() if p.is_dir()
    )
