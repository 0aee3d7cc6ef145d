"""What earlier analyses found: about files by their content, about images by their id.

Entries are believed only where nobody else can have written them, and only if they are whole. What
cannot be kept or read is found out again; nothing here fails a command.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from errno import EPERM
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import msgspec

from beacon.model.own_files import open_own, opened, write_aside

#: Bytes of all entries; a Debian image with a server has 2 to 5 MB of them.
LARGEST = 512 << 20
_LARGEST_ENTRY = 64 << 20
_MOST_ENTRIES = 100_000
#: What pruning leaves of these.
_LEFT = 0.75

Kept = TypeVar("Kept", bound=msgspec.Struct)


class _Entry(msgspec.Struct, frozen=True):
    key: str
    body: msgspec.Raw


class Cache:
    """In a directory of its own that only this user can write to; without one it keeps nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._folder: int | None = None
        self._lock = threading.Lock()

    def get(self, key: str, kind: type[Kept]) -> Kept | None:
        """What was kept by this key; None if there is nothing that can be believed."""
        with suppress(OSError, ValueError, RecursionError):
            handle = open_own(self._opened(), _name(key), os.O_RDONLY)
            with os.fdopen(handle, "rb") as file:
                entry = msgspec.json.decode(file.read(_LARGEST_ENTRY), type=_Entry)
            if entry.key == key:
                return msgspec.json.decode(entry.body, type=kind)
        return None

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Keep it, if that can be done."""
        content = msgspec.json.encode(_Entry(key, msgspec.Raw(msgspec.json.encode(value))))
        with suppress(OSError):
            folder = self._opened()
            aside = write_aside(folder, _name(key), content, 0o600)
            os.replace(aside, _name(key), src_dir_fd=folder, dst_dir_fd=folder)

    def prune(self) -> None:
        """Remove the oldest entries when all together are too large."""
        with suppress(OSError):
            folder = self._opened()
            entries = sorted(_entries(folder))
            count, size = len(entries), sum(entry[1] for entry in entries)
            if count <= _MOST_ENTRIES and size <= LARGEST:
                return
            for _, own, name in entries:
                if count <= _MOST_ENTRIES * _LEFT and size <= LARGEST * _LEFT:
                    break
                with suppress(OSError):
                    os.unlink(name, dir_fd=folder)
                count, size = count - 1, size - own

    def _opened(self) -> int:
        """The folder's descriptor, which stays open as long as this object lives."""
        with self._lock:
            if self._folder is None:
                self._folder = _own_folder(self._directory)
                weakref.finalize(self, os.close, self._folder)
            return self._folder


def _own_folder(directory: Path | None) -> int:
    if directory is None:
        raise OSError(EPERM, "there is no directory")
    directory.mkdir(0o700, parents=True, exist_ok=True)
    with opened(directory) as folder:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OSError(EPERM, "others can write to it")
        return fcntl.fcntl(folder, fcntl.F_DUPFD_CLOEXEC, 0)


def default_directory() -> Path | None:
    """XDG_CACHE_HOME/beacon/reach, or the same in ~/.cache; None for a user without a home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):
        base = Path(named) if named.startswith("/") else Path.home() / ".cache"
        return base / "beacon" / "reach"
    return None


def _entries(folder: int) -> Iterator[tuple[int, int, str]]:
    """When each was written, its bytes, its name."""
    for name in os.listdir(folder):
        with suppress(OSError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            yield found.st_mtime_ns, found.st_size, name


def _name(key: str) -> str:
    return hashlib.sha256(f"{_version()} {key}".encode()).hexdigest()


@cache
def _version() -> str:
    """Another analysis finds none of these results: the code of this package, and capstone's."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    code = hashlib.sha256(b"\0".join(each.read_bytes() for each in sources))
    return f"{code.hexdigest()} capstone {version('capstone')}"
