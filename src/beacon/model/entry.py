"""An event and what was decided of it: the record that policies are made of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from beacon.model.event import Event, Phase, sort_key
from beacon.model.numbers import Count
from beacon.model.reach import Caller
from beacon.model.score import Score


class Basis(StrEnum):
    """Why an event was decided on."""

    SEEN = "seen"  # a run used it
    INFERRED = "inferred"  # it follows from what was seen
    FLOOR = "floor"  # a container runtime makes it before the entry point
    NAMED = "named"  # the user named it, no run used it
    REACH = "reach"  # programs of the image can make it, no run used it


class Evidence(msgspec.Struct, frozen=True):
    """Who used an event: phases, process names, and the runs (`workload@environment`)."""

    phases: tuple[Phase, ...] = ()
    processes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event, what was decided of it, and why.

    `because` is the rule that decided; `weighed`: the scores did, nothing else. `source` says, of
    what no run used, what it is inferred from or who can make it. `count` is how often it was seen
    over all runs, `evidence` by whom. `calls` are the system calls in which a capability was
    needed; `held` says, in words, which of them needed it without asking for it.

    What programs can make and is denied has `callers`, and the `allowed_classes` of its arguments,
    which are allowed all the same.
    """

    event: Event
    allowed: bool
    because: str = ""
    basis: Basis = Basis.SEEN
    source: str | None = None
    security: Score = Score(0.0)
    functionality: Score = Score(1.0)
    weighed: bool = False
    count: Count = 0
    evidence: Evidence = Evidence()
    calls: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    callers: tuple[Caller, ...] = ()
    allowed_classes: tuple[str, ...] = ()

    @property
    def follows(self) -> bool:
        """Whether no run used it and something else that is there needs it."""
        return self.basis in (Basis.INFERRED, Basis.FLOOR)

    @property
    def reserve(self) -> bool:
        """Whether it is allowed though no run used it, since its denial stops no known attack."""
        return self.allowed and self.basis is Basis.REACH

    @property
    def unseen(self) -> bool:
        """Whether it is denied only since no run used it."""
        return not self.allowed and self.basis is Basis.REACH

    @property
    def dropped(self) -> bool:
        """Whether it is denied as the intent wants it."""
        return not self.allowed and self.basis is not Basis.REACH


def ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries as a policy has them: what is allowed, then what is denied, the unseen last.

    Of several of one event the last counts.
    """
    by_event = {each.event: each for each in entries}
    return tuple(sorted(by_event.values(), key=_place))


def _place(entry: Entry) -> tuple[bool, bool, tuple[bool, str, str, str]]:
    return not entry.allowed, entry.basis is Basis.REACH, sort_key(entry.event)
