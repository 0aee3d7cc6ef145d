"""The ELF files that an image's entry point and command lead to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from beacon.reach.facts import Facts
from beacon.reach.files import File, Files
from beacon.reach.modules import Libraries
from beacon.reach.scripts import Programs, interpreter
from beacon.reach.settings import Settings

_DEEPEST = 5000  # files; only a malicious image has more


class Closure:
    """Follows scripts by their words, programs by what they load and mention."""

    def __init__(self, files: Files, settings: Settings, facts: dict[str, Facts]) -> None:
        self._files = files
        self._facts = facts
        self._programs = Programs(files, settings.path())
        self._libraries = Libraries(files)
        self._settings = settings

    def files(self) -> list[File]:
        """ELF files, sorted by path."""
        waiting, seen = list(self._started()), dict[str, File]()
        while waiting and len(seen) < _DEEPEST:
            each = waiting.pop()
            if each.path not in seen:
                seen[each.path] = each
                waiting.extend(self._next(each))
        return sorted((each for each in seen.values() if each.is_elf), key=_path)

    def _started(self) -> Iterator[File]:
        folder = self._settings.folder or "/"
        for word in self._settings.words():
            for found in self._programs.named(word, folder):
                yield found
                yield from self._owned(found, word)
        yield from self._libraries.name_service()

    def _next(self, each: File) -> Iterator[File]:
        if each.is_script:
            for word in interpreter(each):
                for found in self._programs.named(word):
                    yield found
                    yield from self._owned(found, word)
            yield from self._programs.named_in(each)
        elif facts := self._facts.get(each.path):
            for name in (*facts.needed, posixpath.basename(facts.interpreter)):
                yield from self._libraries.named(name)
            yield from self._libraries.mentioned(each)
            if facts.interpreter:
                yield from self._owned(each, each.path)

    def _owned(self, program: File, word: str) -> Iterator[File]:
        """By the name it was started with, as well as by its own (python3, python3.11)."""
        if program.is_elf:
            yield from self._libraries.belonging(program, posixpath.basename(word))


def _path(each: File) -> str:
    return each.path
