"""What a running container was denied, and what a policy has to say of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from beacon.model.event import Event
from beacon.model.numbers import Count
from beacon.model.observation import Loss


class DenialKind(StrEnum):
    """What became of a call, or of a question for a capability."""

    DENIED = "denied"  # answered with an error, or refused
    KILLED = "killed"  # the filter ended the caller
    TRAPPED = "trapped"  # the filter sent SIGSYS
    WOULD_BE = "would be denied"  # let through where it runs, but not by the policy


class Standing(StrEnum):
    """What the policy says of something that was denied."""

    NO_POLICY = "no policy"  # there is none to ask
    INTENDED = "intended"  # it was dropped, or is pinned as denied
    RECORDED = "recorded"  # it was denied when it was recorded, too
    ALLOWED = "allowed"  # the container runs under something else
    BEYOND = "beyond"  # nobody asked for it


_EXPECTED = frozenset({Standing.INTENDED, Standing.RECORDED})


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was denied, or would be, however often; `processes` are printable.

    `change` is one line that allows it: a command, or what to add to the seccomp profile; empty
    for a call that no kernel has. `first_seen` is in Unix time, up to half a second late.
    """

    event: Event
    kind: DenialKind
    standing: Standing
    count: Count
    processes: tuple[str, ...]
    change: str = ""
    first_seen: float = 0.0

    @property
    def unexpected(self) -> bool:
        """Whether it is denied beyond what the policy's intent asks for."""
        return self.standing not in _EXPECTED


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of watching a container: names are printable, `seconds` how long it was watched.

    `restarts` counts how often it was seen to start again meanwhile. `unnumbered`: calls with
    numbers that no kernel has.
    """

    container: str
    image: str
    seconds: float
    restarts: Count
    denials: tuple[Denial, ...]
    losses: tuple[Loss, ...]
    unnumbered: Count

    @property
    def unexpected(self) -> tuple[Denial, ...]:
        """What was denied beyond intent."""
        return tuple(each for each in self.denials if each.unexpected)
