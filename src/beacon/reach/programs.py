"""Which programs the words of a command or of a script may start.

A word with a folder stands for whatever file ends that way: the folder is often in a variable.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator

from beacon.reach.facts import Facts
from beacon.reach.files import File, Files


class Programs:
    """The programs and scripts of an image by the words that start them."""

    def __init__(self, files: Files, path: Iterable[str]) -> None:
        self._files = files
        self._path = tuple(path)
        self._places = {files.real(each) for each in self._path}
        self._endings: dict[str, list[str]] = defaultdict(list)
        for each in (*files.files, *files.links):
            self._endings[posixpath.basename(each)].append(each)

    def interpreter(self, script: Facts) -> Iterator[File]:
        """What a script's first line starts."""
        for word in script.interpreter:
            yield from self.named(word)

    def of_words(self, script: File, facts: Facts) -> Iterator[File]:
        """What the words of a script may start."""
        for word in facts.words:
            yield from self.named(word, posixpath.dirname(script.path))

    def named(self, word: str, folder: str = "/") -> Iterator[File]:
        """What a word may start, or read in, from a folder."""
        if "/" in word:
            yield from self._ending(word)
            if folder not in self._path:
                yield from self._scripts(word)
            return
        for place in (*self._path, folder):
            found = self._files.find(posixpath.join(place, word))
            if found and _starts(found):
                yield found

    def _ending(self, word: str) -> Iterator[File]:
        tail = "/" + word.lstrip("./")
        for path in self._endings.get(posixpath.basename(word), ()):
            found = self._files.find(path) if path.endswith(tail) else None
            if found and _starts(found):
                yield found

    def _scripts(self, word: str) -> Iterator[File]:
        """All in a folder that a script names, as /docker-entrypoint.d."""
        folder = self._files.real(word)
        if word.startswith("/") and folder not in self._places:
            yield from (each for each in self._files.inside(folder) if each.is_script)


def _starts(found: File) -> bool:
    return found.is_script or (found.is_elf and found.executable)
