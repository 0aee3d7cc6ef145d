"""What was decided of an event, and why."""

from __future__ import annotations

import msgspec

from beacon.model.event import Event
from beacon.model.score import Score


class Decision(msgspec.Struct, frozen=True):
    """`because` is the rule that decided; `inferred` tells why an event that nobody saw is here.

    `weighed`: the scores decided, nothing else. `reserve` tells who can make what nobody saw.
    """

    event: Event
    allowed: bool
    security: Score
    functionality: Score
    because: str
    inferred: str | None = None
    weighed: bool = False
    reserve: str | None = None
