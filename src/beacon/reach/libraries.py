"""Which libraries a program may load while it runs, and which programs it may start.

Nothing in the file says so for certain. Taken are: what the file names in its bytes (a library, a
folder of libraries, a program); the folders and libraries that bear the program's name; all files
of the tree that a program has for itself (/usr/lib/erlang); and the name service's libraries.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from beacon.reach.files import File, Files

_PATH = re.compile(rb"/[\w./+@-]{3,200}")
_LIBRARY = re.compile(rb"[\w+.-]{1,60}\.so(?:\.[\d.]+)?")
_ROOTS = re.compile(r"/(?:usr/(?:local/)?)?lib(?:exec|64)?(?:/[a-z\d_]+-linux-gnu)?|/opt")
_SHORTEST = 4  # of names: `sh` would take half the image


class Libraries:
    """The shared objects of an image by their names, links among them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[str, set[str]] = {}
        for path in (*files.files, *files.links):
            if ".so" in posixpath.basename(path):
                self._names.setdefault(posixpath.basename(path), set()).add(path)
        self._owned = [(each, *_owner(each.path)) for each in files.elves()]

    def named(self, name: str) -> Iterator[File]:
        """All of this name, wherever they lie: no search path is followed."""
        for path in self._names.get(posixpath.basename(name), ()):
            found = self._files.find(path)
            if found and found.is_elf:
                yield found

    def name_service(self) -> Iterator[File]:
        """What glibc loads as /etc/nsswitch.conf says."""
        for name in self._names:
            if name.startswith("libnss_"):
                yield from self.named(name)

    def mentioned(self, program: File) -> Iterator[File]:
        """Libraries, folders of libraries and programs whose names are in its bytes."""
        for name in set(_LIBRARY.findall(program.content)):
            yield from self.named(name.decode(errors="replace"))
        for found in set(_PATH.findall(program.content)):
            path = self._files.real(found.decode(errors="replace"))
            named = self._files.files.get(path)
            if named and named.executable and (named.is_elf or named.is_script):
                yield named
            elif not _ROOTS.fullmatch(path):
                yield from (each for each in self._files.inside(path) if _is_library(each))

    def belonging(self, program: File, name: str) -> Iterator[File]:
        """What bears its name, and what lies in its own tree."""
        tree = _tree(program.path)
        for each, root, own in self._owned:
            named = len(name) >= _SHORTEST and own.startswith(name)
            if (tree and (root, own) == tree) or (named and _is_library(each)):
                yield each


def _is_library(each: File) -> bool:
    return each.is_elf and ".so" in posixpath.basename(each.path)


def _owner(path: str) -> tuple[str, str]:
    """The longest folder for libraries that it lies in, and the first name below that."""
    parts = path.split("/")
    for count in range(len(parts) - 1, 1, -1):
        if _ROOTS.fullmatch(root := "/".join(parts[:count])):
            return root, parts[count]
    return "", ""


def _tree(path: str) -> tuple[str, str] | None:
    root, own = _owner(path)
    return (root, own) if root and posixpath.join(root, own) != path else None
