"""What breaks without each entry of a policy, one entry at a time."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from beacon.model.environment import Environment
from beacon.model.event import Event
from beacon.model.numbers import Count, Integer
from beacon.model.origin import ImageIdentity
from beacon.model.verification import Starts

#: Of ablation.json; a reader refuses any other. In version 1 nothing broke where a program kept
#: privileges.
ABLATION_VERSION = 2
#: Breakages of one entry that are kept; the others are counted.
MOST_BREAKAGES = 5

_SHOWN = 120  # characters of a name in a sentence


class Necessity(StrEnum):
    """What ablation says of an entry."""

    NEEDED = "needed"  # something breaks without it alone
    UNNEEDED = "unneeded"  # without it, and all others that are unneeded, nothing breaks
    UNTESTED = "untested"  # no run shows it, or the budget ended


class BreakageKind(StrEnum):
    """What breaks."""

    READINESS = "readiness"
    CHECK = "check"
    ENDING = "ending"
    PRIVILEGES = "privileges"  # it does not give them up, or is denied what it does so by
    DENIAL = "denial"  # of another call or capability, that the container tries in its place


class Breakage(msgspec.Struct, frozen=True):
    """One thing that breaks in the run `run`: a check by its name, an ending, an event."""

    kind: BreakageKind
    name: str
    run: str

    def words(self) -> str:
        """`check page fails`."""
        name = self.name if len(self.name) <= _SHOWN else f"{self.name[: _SHOWN - 1]}…"
        match self.kind:
            case BreakageKind.READINESS:
                return f"the container does not become ready ({name})"
            case BreakageKind.CHECK:
                return f"check {name} fails"
            case BreakageKind.PRIVILEGES:
                return f"the container may keep privileges that it gives up by {name}"
            case BreakageKind.DENIAL:
                return f"the container tries {name}, which is denied"
        return f"the container ends otherwise ({name})"


class AblatedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the policy.

    Without it `broken` things break, the first of which are `breaks`. `denied`: in a run without it
    the container asked for it. `runs` were made to tell. `because` says why it was not tested, or
    is kept though nothing broke.
    """

    event: Event
    necessity: Necessity
    breaks: Annotated[tuple[Breakage, ...], Meta(max_length=MOST_BREAKAGES)] = ()
    broken: Count = 0
    denied: bool = False
    runs: Count = 0
    because: str = ""

    @property
    def starts(self) -> bool:
        """Whether the container does not become ready without it."""
        return any(each.kind is BreakageKind.READINESS for each in self.breaks)

    def sentence(self) -> str:
        """`without it check page fails, and 3 more`."""
        if self.necessity is Necessity.NEEDED:
            more = f", and {self.broken - 1} more" if self.broken > 1 else ""
            what = self.breaks[0].words() if self.breaks else "something breaks"
            return f"without it {what}{more}"
        if self.necessity is Necessity.UNTESTED:
            return self.because or "not tested"
        return f"without it nothing breaks ({'denied' if self.denied else 'not even asked for'})"


class Ablation(msgspec.Struct, frozen=True, kw_only=True):
    """Every entry of the policy that allows what a profile saw.

    `profile` is that profile's `digest`: of another one, of the same image or not, it says nothing.
    `environments` are those in which it was run. `complete`: the budget did not end it. `starts`
    are those of the whole minimal policy, which passed the recorded runs before.
    """

    image: ImageIdentity
    profile: str
    environments: tuple[Environment, ...]
    entries: Annotated[tuple[AblatedEntry, ...], Meta(max_length=8192)]
    runs: Count
    complete: bool
    beacon: str
    runtime: str = ""
    starts: Starts | None = None
    version: Integer = ABLATION_VERSION

    def of(self, necessity: Necessity) -> Sequence[AblatedEntry]:
        """The entries of which it says so."""
        return [each for each in self.entries if each.necessity is necessity]
