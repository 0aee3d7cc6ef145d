"""Write the cpio archives ("newc") that Linux unpacks as its first root file system."""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath
from typing import BinaryIO

_TRAILER = "TRAILER!!!"


class Archive:
    """A cpio archive in the making; it needs no root, not even for device nodes."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to an open binary stream, which stays the caller's."""
        self._stream = stream
        self._inode = 0
        self._names: set[str] = {""}

    def directory(self, path: str) -> None:
        """Add a directory, and the missing ones above it, once."""
        self._add(path, stat.S_IFDIR | 0o755)

    def file(self, path: str, data: bytes, permissions: int = 0o644) -> None:
        """Add a regular file; the first of two files with the same path wins."""
        self._add(path, stat.S_IFREG | permissions, data)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(path, stat.S_IFLNK | 0o777, os.fsencode(target))

    def character_device(self, path: str, major: int, minor: int) -> None:
        """Add a device node."""
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self) -> None:
        """Mark the end of the archive; further archives may follow in the same file."""
        self._entry(_TRAILER, 0)

    def _add(
        self, path: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        name = path.strip("/")
        if name in self._names:
            return
        self._names.add(name)
        # The kernel does not make missing parents: it drops the entry without a word.
        self._parents(name)
        self._entry(name, mode, data, device)

    def _parents(self, name: str) -> None:
        parent = str(PurePosixPath(name).parent)
        if parent != ".":
            self.directory(parent)

    def _entry(
        self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        self._inode += 1
        encoded = os.fsencode(name) + b"\0"
        # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._write_padded(header + encoded)
        self._write_padded(data)

    def _write_padded(self, data: bytes) -> None:
        self._stream.write(data + b"\0" * (-len(data) % 4))
