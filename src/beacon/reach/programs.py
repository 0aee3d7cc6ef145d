"""What a script may start: every word of it that names a program of the image.

No shell is understood here: a word counts wherever it stands, except in comments. A word with a
folder stands for whatever file ends that way, since the folder is often in a variable.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from beacon.reach.files import File, Files

_COMMENT = re.compile(rb"(^|\s)#.*$", re.MULTILINE)
_BETWEEN = re.compile(rb"\$\{?\w+|[\s;|&(){}<>`'\"=:,]+")
_WORD = re.compile(rb"[\w./+@\[-]*\w[\w./+@-]*|\[")


def interpreter(script: File) -> list[str]:
    """The words of its first line; the shell's if it has none."""
    first = script.content.split(b"\n", 1)[0].decode(errors="replace")
    return first[2:].split() if first.startswith("#!") else ["/bin/sh"]


class Programs:
    """The programs of an image by the words that start them."""

    def __init__(self, files: Files, path: list[str]) -> None:
        self._files = files
        self._path = path
        self._endings: dict[str, list[str]] = {}
        for each in (*files.files, *files.links):
            self._endings.setdefault(posixpath.basename(each), []).append(each)

    def named_in(self, script: File) -> Iterator[File]:
        """Those that its words name."""
        text = _COMMENT.sub(b"", script.content)
        words = {word for word in _BETWEEN.split(text) if _WORD.fullmatch(word)}
        for word in sorted(words):
            yield from self.named(word.decode(errors="replace"), posixpath.dirname(script.path))

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
        if word.startswith("/") and folder not in {self._files.real(each) for each in self._path}:
            yield from (each for each in self._files.inside(folder) if each.is_script)


def _starts(found: File) -> bool:
    return found.is_script or (found.is_elf and found.executable)
