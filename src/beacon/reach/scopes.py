"""Which programs each scope starts from."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from beacon.model.reach import Scope
from beacon.reach.closure import Closure
from beacon.reach.files import File, Files, Package
from beacon.reach.settings import Settings

#: What `docker exec` starts most often.
_SHELLS = ("sh", "bash", "ash")
#: Parts of an executed file's path that the kernel side keeps, and the bytes of each.
_PARTS, _PART = 8, 31
#: Of a command, and the characters of each in which further words are looked for.
_MOST_WORDS, _LONGEST_WORD = 1000, 4096
_FIRST_WORD = re.compile(r"[A-Za-z]{4,}")


class Starts:
    """The programs and scripts that each scope starts from, besides those of the scope before."""

    def __init__(self, files: Files, packages: Iterable[Package], closure: Closure) -> None:
        self._files = files
        self._packages = tuple(packages)
        self._closure = closure

    def of_scopes(
        self, settings: Settings, executed: Iterable[str]
    ) -> dict[Scope, tuple[File, ...]]:
        """All three; `executed` are the paths that runs executed."""
        words = list(self._named(settings))
        named = {each.path for each in words}
        ran = [file for path in executed for file in self.executed(path)]
        ran.sort(key=lambda each: each.path not in named)
        own = [each for each in (*words, *ran) if each.is_elf]
        beside = self._closure.started([*words, *self._shells(settings)])
        # The service's own are first in each: callers are named in this order.
        return {
            Scope.RUN: tuple(ran),
            Scope.BESIDE: (*own, *beside, *self._packaged(own), *self._relatives(own)),
            Scope.IMAGE: tuple(self._files.elves()),
        }

    def executed(self, path: str) -> list[File]:
        """The file that a recorded path names.

        The kernel side cuts parts that are long, and leaves out the first of many: such a path
        stands for whatever file it fits.
        """
        parts = path.split("/")[1:] or [path]
        if len(parts) < _PARTS and all(len(part) < _PART for part in parts):
            found = self._files.find(path)
            return [found] if found else []
        return [each for each in self._by_name[parts[-1][:_PART]] if _fits(each.path, parts)]

    @cached_property
    def _by_name(self) -> dict[str, list[File]]:
        found: dict[str, list[File]] = defaultdict(list)
        for each in self._files.elves():
            found[each.name[:_PART]].append(each)
        return found

    def _named(self, settings: Settings) -> Iterator[File]:
        """What the words of the command and of the health check name, also those within a word."""
        for word in (*settings.words, *settings.health)[:_MOST_WORDS]:
            for part in {word, *_split(word[:_LONGEST_WORD])}:
                yield from self._closure.programs.named(part, settings.folder)

    def _shells(self, settings: Settings) -> Iterator[File]:
        for folder in settings.folders():
            for name in _SHELLS:
                if found := self._files.find(posixpath.join(folder, name)):
                    yield found

    def _packaged(self, own: Iterable[File]) -> Iterator[File]:
        """All of the packages that these came from, and of those built from the same source."""
        paths = {each.path for each in own}
        sources = {
            each.source
            for each in self._packages
            if not each.essential and not paths.isdisjoint(each.files)
        }
        for package in self._packages:
            if package.source in sources and not package.essential:
                yield from (self._files.files[path] for path in package.files)

    def _relatives(self, own: Iterable[File]) -> Iterator[File]:
        """Programs in the same folder whose names begin with the same word (memcached, -tool)."""
        stems = {(posixpath.dirname(each.path), _stem(each.name)) for each in own}
        for each in self._files.elves():
            if each.is_program and (posixpath.dirname(each.path), _stem(each.name)) in stems:
                yield each


def _stem(name: str) -> str:
    """The first word of a name; all of a name that begins with no word of some length."""
    matched = _FIRST_WORD.match(name)
    return matched[0] if matched else name


def _split(word: str) -> list[str]:
    """The words within a word, as in `sh -c 'exec httpd'`."""
    try:
        return shlex.split(word, comments=True)
    except ValueError:  # a quotation without an end
        return word.split()


def _fits(path: str, parts: list[str]) -> bool:
    own = path.split("/")[1:]
    if len(parts) == _PARTS:
        own = own[-_PARTS:]
    return len(own) == len(parts) and all(map(_same, own, parts))


def _same(own: str, part: str) -> bool:
    return own == part or (len(part) == _PART and own.startswith(part))
