"""The programs, libraries and scripts of an image by path, and its links.

All names are an image's words, made printable where they entered; they are only ever keys.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

import msgspec

_LINKS = 40  # as many as the kernel follows
_STEPS = 256  # from folder to folder


class Kind(StrEnum):
    """What the first bytes of a file, or its name, say that it is."""

    ELF = "elf"
    SCRIPT = "script"  # or what a script may read in


class File(msgspec.Struct, frozen=True, gc=False):
    """`digest` is the SHA-256 of its content, by which the facts about it are kept."""

    path: str
    kind: Kind
    digest: str
    executable: bool = True

    @property
    def name(self) -> str:
        """Its last component."""
        return posixpath.basename(self.path)

    @property
    def is_elf(self) -> bool:
        """Whether it begins as an ELF file does."""
        return self.kind is Kind.ELF

    @property
    def is_script(self) -> bool:
        """Whether it may be a script."""
        return self.kind is Kind.SCRIPT

    @property
    def is_library(self) -> bool:
        """Whether it is named as what others load."""
        return self.is_elf and ".so" in self.name

    @property
    def is_program(self) -> bool:
        """Whether it is what others start."""
        return self.is_elf and self.executable and not self.is_library


class Package(msgspec.Struct, frozen=True):
    """What a package manager installed: `files` are those of its paths that are programs or so.

    Packages of one `source` are built from the same one. `essential` ones are in every system.
    """

    name: str
    source: str
    essential: bool
    files: tuple[str, ...]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """An image as its layers leave it. `unread`: by path, why a file's content was not looked at.

    `ignored` counts, by reason, what is missing here altogether.
    """

    files: tuple[File, ...] = ()
    links: dict[str, str] = {}
    packages: tuple[Package, ...] = ()
    unread: dict[str, str] = {}
    ignored: dict[str, int] = {}


class Files:
    """Finds files by whatever an image calls them."""

    def __init__(self, listing: Listing) -> None:
        self.files = {each.path: each for each in listing.files}
        self.links = listing.links
        self._folders: dict[str, list[str]] = defaultdict(list)
        for path in self.files:
            self._folders[posixpath.dirname(path)].append(path)

    def __iter__(self) -> Iterator[File]:
        return iter(self.files.values())

    def elves(self) -> Iterator[File]:
        """All ELF files."""
        return (each for each in self if each.is_elf)

    def find(self, path: str) -> File | None:
        """What a path of the image leads to."""
        return self.files.get(path) or self.files.get(self.real(path))

    def real(self, path: str) -> str:
        """The path without links; as far as possible if they have no end."""
        waiting, done = posixpath.normpath(path).strip("/").split("/")[::-1], "/"
        followed = steps = 0
        while waiting and followed < _LINKS and steps < _STEPS:
            name, steps = waiting.pop(), steps + 1
            done = posixpath.normpath(posixpath.join(done, name))
            if done in self.links:
                followed += 1
                target = posixpath.join(posixpath.dirname(done), self.links[done])
                waiting += posixpath.normpath(target).strip("/").split("/")[::-1]
                done = "/"
        return done

    def inside(self, folder: str) -> list[File]:
        """The files directly in a folder."""
        return [self.files[path] for path in self._folders.get(self.real(folder), ())]

    def names(self, file: File) -> frozenset[str]:
        """Its own name, and those of the links that lead to it (python3.11, python3)."""
        return frozenset([file.name, *self._names.get(file.path, ())])

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for link in self.links:
            found[self.real(link)].append(posixpath.basename(link))
        return found
