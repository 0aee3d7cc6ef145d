"""What programs load and start, and by which programs each file is led to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from beacon.reach.facts import Facts
from beacon.reach.files import File, Files
from beacon.reach.libraries import Libraries
from beacon.reach.programs import Programs

#: Programs that are named for one file.
MOST_CALLERS = 3
#: Seconds of this; an image of a thousand programs takes one.
_SECONDS = 120.0


class EndlessError(Exception):
    """So many files name so many others that nobody can follow them."""


class Closure:
    """Follows programs by what they load and mention, scripts by their words."""

    def __init__(self, files: Files, facts: Mapping[str, Facts], path: Iterable[str]) -> None:
        self._facts = facts
        self._loads: dict[str, tuple[File, ...]] = {}
        self._end = time.monotonic() + _SECONDS
        self.programs = Programs(files, path)
        self.libraries = Libraries(files)

    def started(self, starts: Iterable[File]) -> list[File]:
        """These and all that they may start: by a script's words, by the paths in a program."""
        waiting, found = list(starts)[::-1], dict[str, File]()
        while waiting:
            each = waiting.pop()
            if each.path not in found:
                found[each.path] = each
                waiting.extend(self._starting(each))
        return list(found.values())

    def loaded(self, starts: Iterable[File]) -> dict[str, tuple[str, ...]]:
        """The ELF files that programs load, with some of the programs: MOST_CALLERS at most.

        A library among the starts is loaded by itself.
        """
        known: dict[str, list[str]] = {}
        waiting: deque[tuple[File, str]] = deque((each, each.path) for each in starts)
        while waiting:
            each, program = waiting.popleft()
            callers = known.setdefault(each.path, [])
            if program not in callers and len(callers) < MOST_CALLERS:
                callers.append(program)
                waiting.extend((library, program) for library in self._loading(each))
        return {path: tuple(callers) for path, callers in known.items()}

    def _starting(self, each: File) -> Iterator[File]:
        facts = self._known(each)
        if each.is_script:
            yield from self.programs.interpreter(facts)
            yield from self.programs.of_words(each, facts)
        elif each.is_program:
            yield from self.libraries.programs(facts)

    def _loading(self, each: File) -> tuple[File, ...]:
        if each.path not in self._loads:
            self._loads[each.path] = tuple(dict.fromkeys(self._libraries_of(each)))
        return self._loads[each.path]

    def _libraries_of(self, each: File) -> Iterator[File]:
        facts = self._known(each)
        if each.is_script:
            return
        yield from self.libraries.needed(facts)
        yield from self.libraries.mentioned(facts)
        if facts.is_libc:
            yield from self.libraries.name_service()
        if each.is_program:
            yield from self.libraries.belonging(each)

    def _known(self, each: File) -> Facts:
        if time.monotonic() > self._end:
            raise EndlessError("its files name too many others")
        return self._facts.get(each.digest, _NOTHING)


_NOTHING = Facts()
