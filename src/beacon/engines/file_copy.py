"""Copies files and folders as they are, so that a run works on data of its own."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from errno import ENOTSUP, ENXIO
from pathlib import Path

from beacon.engines.file_tree import Budget, Entry, entries

#: What is copied for one run at most.
MOST_FILES, MOST_BYTES = 100_000, 1 << 30

_CHUNK = 1 << 20
_BLOCK = 512  # bytes of st_blocks' unit, whatever the file system's own
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def budget(stopped: Callable[[], bool] | None = None) -> Budget:
    """What is copied for one run at most."""
    return Budget(MOST_FILES, MOST_BYTES, stopped)


def copy(source: Path, target: Path, limit: Budget) -> None:
    """Copy a file or folder to `target`, where at most an empty folder is.

    Owner, mode, times, extended attributes, links (hard ones among what is copied, too) and holes
    stay; sockets and devices are left out. TooLargeError; OSError for what cannot be copied.
    """
    _Copy(target, limit).run(source)


def measure(source: Path, limit: Budget) -> None:
    """TooLargeError for more than `copy` would take, known before any of it is written."""
    for entry in entries(source, limit):
        if stat.S_ISREG(entry.found.st_mode):
            limit.take(size=min(entry.found.st_blocks * _BLOCK, entry.found.st_size))


def left_out(source: Path, limit: Budget) -> Iterator[str]:
    """The paths, relative to `source`, of what `copy` leaves out."""
    return (
        each.path for each in entries(source, limit) if stat.S_IFMT(each.found.st_mode) not in _WAYS
    )


class _Copy:
    def __init__(self, target: Path, limit: Budget) -> None:
        self._target, self._limit = target, limit
        self._linked: dict[tuple[int, int], Path] = {}
        self._folders: list[tuple[Path, os.stat_result]] = []

    def run(self, source: Path) -> None:
        for entry in entries(source, self._limit):
            if way := _WAYS.get(stat.S_IFMT(entry.found.st_mode)):
                way(self, entry, self._target / entry.path)
        for path, found in reversed(self._folders):  # what came into a folder changed its times
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    def folder(self, entry: Entry, target: Path) -> None:
        target.mkdir(exist_ok=True)
        self._folders.append((target, entry.found))
        handle = entry.open()
        try:
            _own(entry, target)
            _attributes(handle, target)
        finally:
            os.close(handle)

    def file(self, entry: Entry, target: Path) -> None:
        identity = entry.found.st_dev, entry.found.st_ino
        if identity in self._linked:
            os.link(self._linked[identity], target)
            return
        source = entry.open()
        try:
            self._content(source, target)
            _own(entry, target)
            _attributes(source, target)  # a change of the owner takes capabilities away
        finally:
            os.close(source)
        if entry.found.st_nlink > 1:
            self._linked[identity] = target

    def link(self, entry: Entry, target: Path) -> None:
        target.symlink_to(os.readlink(entry.name, dir_fd=entry.folder))
        _own(entry, target)

    def pipe(self, entry: Entry, target: Path) -> None:
        os.mkfifo(target)
        _own(entry, target)

    def _content(self, source: int, target: Path) -> None:
        size = os.fstat(source).st_size
        handle = os.open(target, _NEW, 0o600)
        try:
            for start, end in _data(source, size):
                self._range(source, handle, start, end)
            os.ftruncate(handle, size)
        finally:
            os.close(handle)

    def _range(self, source: int, target: int, start: int, end: int) -> None:
        while start < end:
            chunk = os.pread(source, min(_CHUNK, end - start), start)
            if not chunk:  # it has become shorter
                return
            self._limit.take(size=len(chunk))
            start += os.pwrite(target, chunk, start)


_WAYS: Mapping[int, Callable[[_Copy, Entry, Path], None]] = {
    stat.S_IFDIR: _Copy.folder,
    stat.S_IFREG: _Copy.file,
    stat.S_IFLNK: _Copy.link,
    stat.S_IFIFO: _Copy.pipe,
}


def _data(handle: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has content: the holes between are no data."""
    end = 0
    while end < size:
        try:
            start = os.lseek(handle, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == ENXIO:  # a hole up to the end
                return
            raise
        end = min(os.lseek(handle, start, os.SEEK_HOLE), size)
        yield start, end


def _own(entry: Entry, target: Path) -> None:
    found = entry.found
    os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        target.chmod(stat.S_IMODE(found.st_mode))
    times = found.st_atime_ns, found.st_mtime_ns
    os.utime(target, ns=times, follow_symlinks=False)


def _attributes(source: int, target: Path) -> None:
    for name in os.listxattr(source):
        try:
            os.setxattr(target, name, os.getxattr(source, name), follow_symlinks=False)
        except OSError as error:
            if error.errno != ENOTSUP:  # the one file system or the other has none of the kind
                raise
