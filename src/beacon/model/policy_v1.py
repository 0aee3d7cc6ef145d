"""Policies of version 1, which had a record of its own for each kind of decision."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from beacon.model.entry import Basis, Entry, Evidence, ordered
from beacon.model.event import Capability, Event, Syscall
from beacon.model.numbers import Count
from beacon.model.reach import Caller
from beacon.model.score import Score


class _Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that the first three records had in common."""

    count: Count
    evidence: Evidence
    inferred: str | None = None
    security: Score = Score(0.0)
    functionality: Score = Score(1.0)
    because: str = ""
    calls: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    reserve: str | None = None

    def entry(self, event: Event, *, allowed: bool) -> Entry:
        return Entry(
            event=event,
            allowed=allowed,
            because=self.because,
            basis=self._basis(),
            source=self.inferred if self.reserve is None else self.reserve,
            security=self.security,
            functionality=self.functionality,
            count=self.count,
            evidence=self.evidence,
            calls=self.calls,
            held=self.held,
        )

    def _basis(self) -> Basis:
        if self.reserve is not None:
            return Basis.REACH
        if self.inferred is not None:
            return Basis.INFERRED  # it did not tell the floor apart
        return Basis.SEEN if self.count else Basis.NAMED


class _Call(_Decided, frozen=True, kw_only=True):
    call: Syscall


class _Right(_Decided, frozen=True, kw_only=True):
    name: str


class _Dropped(_Decided, frozen=True, kw_only=True):
    event: Event


class _Unseen(msgspec.Struct, frozen=True, kw_only=True):
    event: Event
    callers: tuple[Caller, ...]
    security: Score
    allowed: tuple[str, ...] = ()


class _Records(msgspec.Struct, frozen=True, kw_only=True):
    syscalls: tuple[_Call, ...]
    capabilities: tuple[_Right, ...]
    dropped: tuple[_Dropped, ...] = ()
    unseen: tuple[_Unseen, ...] = ()

    def entries(self) -> Iterator[Entry]:
        """Each event's entry; what was unseen and dropped comes last as dropped."""
        for unseen in self.unseen:
            yield Entry(
                event=unseen.event,
                allowed=False,
                because="no run showed it, and its denial buys something",
                basis=Basis.REACH,
                source=unseen.callers[0].words() if unseen.callers else None,
                security=unseen.security,
                callers=unseen.callers,
                allowed_classes=unseen.allowed,
            )
        yield from (each.entry(each.event, allowed=False) for each in self.dropped)
        yield from (each.entry(each.call, allowed=True) for each in self.syscalls)
        yield from (each.entry(Capability(each.name), allowed=True) for each in self.capabilities)


def converted(raw: bytes) -> bytes:
    """A policy of version 1 as one of version 2. msgspec.DecodeError where it is none.

    Without its seal, which covers other bytes.
    """
    records = msgspec.json.decode(raw, type=_Records)
    fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    kept = {k: v for k, v in fields.items() if k not in {*_Records.__struct_fields__, "seal"}}
    entries = ordered(records.entries())
    return msgspec.json.encode({**kept, "entries": entries, "version": 2})
