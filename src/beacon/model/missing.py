"""What a container does and its policy does not allow."""

from __future__ import annotations

import msgspec

from beacon.model.event import Event
from beacon.model.numbers import Count
from beacon.model.policy import Evidence
from beacon.model.score import Score


class Missing(msgspec.Struct, frozen=True):
    """A system call or capability that runs used `count` times, and that the policy denies.

    `intended`: the intent dropped it, as the user asked. `allowed`: the intent allows it, so
    `verify --heal` adds it. `because` is the rule that decides; `calls` and `held` are those of
    AllowedCapability.
    """

    event: Event
    count: Count
    evidence: Evidence
    because: str
    intended: bool = False
    allowed: bool = False
    security: Score = Score(0.0)
    functionality: Score = Score(1.0)
    calls: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    def sentence(self) -> str:
        """`sendfile, 193 times in serve, by nginx`."""
        times = f"{self.count} time" if self.count == 1 else f"{self.count} times"
        phases, processes = ", ".join(self.evidence.phases), ", ".join(self.evidence.processes)
        places = "; ".join(self.held or self.calls)
        where = f" in {places}" if places else ""
        return f"{self.event}, {times} in {phases}, by {processes}{where}"
