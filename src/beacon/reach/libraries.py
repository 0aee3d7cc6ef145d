"""Which libraries a program may load while it runs, and which programs it may start.

Nothing in the file says so for certain. Taken are: what the file names in its bytes (a library, a
folder of libraries, a program); the folders and libraries that bear the program's name; all files
of the tree that a program has for itself (/usr/lib/erlang); and the name service's libraries.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator

from beacon.reach.facts import Facts
from beacon.reach.files import File, Files

_ROOTS = re.compile(r"/(?:usr/(?:local/)?)?lib(?:exec|64)?(?:/[a-z\d_]+-linux-[a-z]+)?|/opt")
_SHORTEST = 4  # of names: `sh` would take half the image


class Libraries:
    """The shared objects of an image by their names, links among them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[str, set[str]] = defaultdict(set)
        for path in (*files.files, *files.links):
            if ".so" in (name := posixpath.basename(path)):
                self._names[name].add(path)
        self._owned: dict[tuple[str, str], list[File]] = defaultdict(list)
        for each in files.elves():
            self._owned[_owner(each.path)].append(each)

    def needed(self, facts: Facts) -> Iterator[File]:
        """What the loader loads for it, and the loader."""
        for name in (*facts.needed, *facts.interpreter):
            yield from self.named(name)

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

    def mentioned(self, facts: Facts) -> Iterator[File]:
        """Libraries and folders of libraries whose names are in a file's bytes."""
        for name in facts.libraries:
            yield from self.named(name)
        for path in facts.paths:
            if not _ROOTS.fullmatch(real := self._files.real(path)):
                yield from (each for each in self._files.inside(real) if each.is_library)

    def programs(self, facts: Facts) -> Iterator[File]:
        """Programs and scripts whose paths are in a file's bytes."""
        for path in facts.paths:
            found = self._files.find(path)
            if found and found.executable and not found.is_library:
                yield found

    def belonging(self, program: File) -> Iterator[File]:
        """What bears one of its names, and what lies in its own tree."""
        names = tuple(name for name in self._files.names(program) if len(name) >= _SHORTEST)
        tree = _tree(program.path)
        for owner, files in self._owned.items():
            if owner == tree:
                yield from files
            elif owner[1].startswith(names):
                yield from (each for each in files if each.is_library)


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
