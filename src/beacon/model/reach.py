"""What an image's programs can call, found by static analysis."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from beacon.model.numbers import Count


class Scope(StrEnum):
    """Which programs: each scope holds those before it."""

    RUN = "run"  # that the runs executed, and what they load
    BESIDE = "beside"  # of the entry point's package, health checks, the service's clients, shells
    IMAGE = "image"  # every program and library of the image

    def nearer(self) -> tuple[Scope, ...]:
        """Itself and the scopes that it holds."""
        scopes = tuple(Scope)
        return scopes[: scopes.index(self) + 1]


class Caller(msgspec.Struct, frozen=True, order=True):
    """Why a program can make a call: `library` makes it in `function`, which the program imports.

    Without a library the program makes it itself; without a function the code that makes it has no
    name. `via` is the library that the program loads and that does so in its place. All are an
    image's own words: printable, and not to be trusted.
    """

    program: str
    library: str | None = None
    function: str | None = None
    via: str | None = None

    def words(self) -> str:
        """As a clause: `/usr/sbin/httpd imports readv (/lib/libc.so.6)`."""
        who = self.program if self.via is None else f"{self.program} loads {self.via}, which"
        if self.library is not None:
            return f"{who} imports {self.function} ({self.library})"
        return f"{who} makes it in {self.function}" if self.function else f"{who} makes it itself"


class Reachable(msgspec.Struct, frozen=True):
    """A system call of x86-64 that programs can make, with some of them; `scope` is the nearest."""

    call: str
    scope: Scope
    callers: tuple[Caller, ...] = ()

    def who(self) -> str:
        """Who can make it, in words: the first of its callers."""
        return self.callers[0].words() if self.callers else "no program that has a name"


class Unresolved(msgspec.Struct, frozen=True):
    """Places in a file that may make further calls: which, the analysis cannot say.

    Without a file it stands for many: `reason` says which.
    """

    file: str
    reason: str
    count: Count
    scope: Scope


class Reach(msgspec.Struct, frozen=True):
    """Of one image: `calls` by name, and how many files of each scope were read."""

    calls: tuple[Reachable, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    files: dict[Scope, Count] = {}

    def within(self, scope: Scope) -> dict[str, Reachable]:
        """The calls that programs of a scope can make, by name."""
        return {each.call: each for each in self.calls if each.scope in scope.nearer()}

    def unresolved_within(self, scope: Scope) -> int:
        """In how many places of a scope's files nobody could say which calls are made."""
        return sum(each.count for each in self.unresolved if each.scope in scope.nearer())
