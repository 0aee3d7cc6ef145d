"""The files of an image, as its layers leave them, held in memory and never written to disk.

Names come from the archive and are only ever keys of a dictionary.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

_ELF = b"\x7fELF"
_LARGEST, _LARGEST_SCRIPT = 1 << 29, 1 << 18
_LINKS = 40  # as many as the kernel follows


@dataclass(frozen=True)
class File:
    """`content` is kept of ELF files and of whatever may be a script."""

    path: str
    executable: bool
    content: bytes = b""

    @property
    def is_elf(self) -> bool:
        """Whether it begins as an ELF file does."""
        return self.content.startswith(_ELF)

    @property
    def is_script(self) -> bool:
        """Whether it may be a script."""
        return bool(self.content) and not self.is_elf


@dataclass(frozen=True)
class Files:
    """Absolute paths without links, and the links."""

    files: dict[str, File] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: dict[str, list[str]] = field(default_factory=dict)

    def elves(self) -> Iterator[File]:
        """All ELF files."""
        return (each for each in self.files.values() if each.is_elf)

    def find(self, path: str) -> File | None:
        """What a path of the image leads to."""
        return self.files.get(self.real(path))

    def real(self, path: str) -> str:
        """The path without links; as far as possible if they run in circles."""
        waiting, done = posixpath.normpath(path).strip("/").split("/")[::-1], "/"
        followed = 0
        while waiting and followed < _LINKS:
            name = waiting.pop()
            done = posixpath.normpath(posixpath.join(done, name))
            if done in self.links:
                followed += 1
                target = posixpath.join(posixpath.dirname(done), self.links[done])
                waiting += posixpath.normpath(target).strip("/").split("/")[::-1]
                done = "/"
        return done

    def inside(self, folder: str) -> list[File]:
        """The files directly in a folder."""
        return [self.files[path] for path in self.folders.get(self.real(folder), ())]


def read(stream: IO[bytes]) -> Files:
    """An archive as `docker export` writes it."""
    found = Files()
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            path = posixpath.normpath("/" + member.name.lstrip("/"))
            if member.issym():
                found.links[path] = member.linkname
            elif member.islnk():
                found.links[path] = "/" + member.linkname.lstrip("/")
            elif member.isfile():
                found.files[path] = File(path, bool(member.mode & 0o111), _content(archive, member))
                found.folders.setdefault(posixpath.dirname(path), []).append(path)
    return found


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    data = archive.extractfile(member)
    if not data:
        return b""
    first = data.read(4)
    if first == _ELF:  # of one that is too large enough is kept to count it as not read
        return first + (data.read() if member.size <= _LARGEST else b"")
    if member.size > _LARGEST_SCRIPT or not _may_be_script(first, member):
        return b""
    return first + data.read()


def _may_be_script(first: bytes, member: tarfile.TarInfo) -> bool:
    """Scripts, and what scripts read in: no more than names say."""
    named = member.name.endswith((".sh", "env", "envvars", "-env", "defaults"))
    return first.startswith(b"#!") or bool(member.mode & 0o111) or named
