"""From an image's files, and the facts about each, to the system calls within reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from beacon.model.reach import Caller, Reach, Reachable, Scope, Unresolved
from beacon.model.text import escape_untrusted
from beacon.reach.closure import MOST_CALLERS, Closure
from beacon.reach.facts import Facts
from beacon.reach.files import File, Files, Listing
from beacon.reach.scopes import Starts
from beacon.reach.settings import Settings

#: Entries of unresolved places that a document names; the others are one entry for each scope.
_MOST_UNRESOLVED = 60
#: Mounted there, written by the container itself, or in memory.
_ELSEWHERE = "executed, but not a file of the image"
_MISSING = Facts(unresolved={"not analysed": 1})
_LONGEST_NAME = 80


def of_image(
    listing: Listing,
    facts: Mapping[str, Facts],
    settings: Settings,
    executed: Iterable[str] = (),
) -> Reach:
    """Of an image; `facts` are those of its files by their digests, `executed` what runs executed.

    EndlessError for files that name each other without end.
    """
    files = Files(listing)
    closure = Closure(files, facts, settings.folders())
    starts = Starts(files, listing.packages, closure)
    paths = tuple(executed)
    building = _Building(files, facts)
    chosen: list[File] = []
    for scope, more in starts.of_scopes(settings, paths).items():
        chosen += more
        building.add(scope, closure.loaded(chosen))
        if scope is Scope.RUN:
            missing = [path for path in paths if not starts.executed(path)]
            building.missing({path: listing.unread.get(path, _ELSEWHERE) for path in missing})
    building.unread(listing)
    return building.reach()


class _Building:
    """Takes the files of each scope, the nearest first."""

    def __init__(self, files: Files, facts: Mapping[str, Facts]) -> None:
        self._files, self._facts = files, facts
        self._calls: dict[str, _Makers] = {}
        self._unresolved: list[Unresolved] = []
        self._counts: dict[Scope, int] = {}
        self._seen: set[str] = set()

    def add(self, scope: Scope, loaded: Mapping[str, tuple[str, ...]]) -> None:
        """The files of a scope, each with programs that load it; those of nearer ones included."""
        elves = [file for path in loaded if (file := self._files.files[path]).is_elf]
        self._counts[scope] = len(elves)
        libcs = [(each, facts) for each in elves if (facts := self._known(each)).is_libc]
        for each in elves:
            if each.path not in self._seen:
                self._seen.add(each.path)
                for call, ways in self._ways(each, libcs):
                    makers = self._calls.setdefault(call, _Makers(scope))
                    if makers.scope is scope:
                        makers.add(each.path, loaded[each.path], ways)
                self._left(each.path, self._known(each).unresolved, scope)

    def missing(self, paths: Mapping[str, str]) -> None:
        """Paths that were executed and about which nothing is known, with the reason."""
        for path, why in paths.items():
            self._left(path, {why: 1}, Scope.RUN)

    def unread(self, listing: Listing) -> None:
        """What was not looked at: it may be of any program, so it counts for the whole image."""
        for path, why in listing.unread.items():
            self._left(path, {why: 1}, Scope.IMAGE)
        for what, count in listing.ignored.items():
            self._unresolved.append(Unresolved("", f"not read: {what}", count, Scope.IMAGE))

    def reach(self) -> Reach:
        """All of it."""
        calls = (
            Reachable(call, makers.scope, makers.callers())
            for call, makers in sorted(self._calls.items())
        )
        return Reach(tuple(calls), tuple(_named(self._unresolved)), self._counts)

    def _known(self, each: File) -> Facts:
        return self._facts.get(each.digest, _MISSING)

    def _ways(self, each: File, libcs: list[tuple[File, Facts]]) -> Iterable[tuple[str, _Way]]:
        """Each call that a file makes, or that libc makes for it, by the most direct way."""
        facts = self._known(each)
        found = {call: _Way(0, None, function or None) for call, function in facts.calls.items()}
        own = [pair for pair in libcs if pair[1].soname in facts.needed] or libcs
        for libc, table in own:
            for name in (*facts.imports, *facts.names):
                calls = table.exported.get(name, ())
                for call in calls:
                    if call not in found or found[call].calls > len(calls):
                        found[call] = _Way(len(calls), libc.path, name)
        return found.items()

    def _left(self, path: str, reasons: Mapping[str, int], scope: Scope) -> None:
        for reason, count in reasons.items():
            self._unresolved.append(Unresolved(path, escape_untrusted(reason), count, scope))


class _Way(NamedTuple):
    """How a file comes to a call: itself (0 `calls`), or by a function of libc that makes so many.

    A function that makes few says most about why.
    """

    calls: int
    libc: str | None
    function: str | None


class _Makers:
    """The programs that make one call, MOST_CALLERS at most, each by its most direct way."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._found: dict[str, tuple[bool, _Way, str]] = {}

    def add(self, file: str, programs: Iterable[str], way: _Way) -> None:
        """A file that makes it, for each program that loads the file."""
        for program in programs:
            # What a program does itself says more than what one of its libraries does.
            rank = (file != program, way, file)
            if program in self._found:
                self._found[program] = min(self._found[program], rank, key=_directness)
            elif len(self._found) < MOST_CALLERS:
                self._found[program] = rank

    def callers(self) -> tuple[Caller, ...]:
        """The most direct first."""
        ranked = sorted(self._found.items(), key=lambda item: _directness(item[1]))
        return tuple(_caller(program, file, way) for program, (_, way, file) in ranked)


def _directness(rank: tuple[bool, _Way, str]) -> tuple[bool, int]:
    indirect, way, _ = rank
    return indirect, way.calls


def _caller(program: str, file: str, way: _Way) -> Caller:
    function = None if way.function is None else escape_untrusted(way.function[:_LONGEST_NAME])
    return Caller(program, way.libc, function, None if file == program else file)


def _named(unresolved: Iterable[Unresolved]) -> Iterator[Unresolved]:
    """The first of each scope by name, the nearest first; all others in one entry a scope."""
    rest: Counter[Scope] = Counter()
    order = list(Scope)
    for number, each in enumerate(sorted(unresolved, key=lambda one: order.index(one.scope))):
        if number < _MOST_UNRESOLVED:
            yield each
        else:
            rest[each.scope] += each.count
    for scope, count in rest.items():
        yield Unresolved("", "in other files", count, scope)
