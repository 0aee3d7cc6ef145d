"""One run: an image in an environment under a workload, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from beacon.model.environment import Environment
from beacon.model.listener import Listener
from beacon.model.numbers import Count, Integer, Seconds
from beacon.model.observation import Observation
from beacon.model.origin import Origin


class Check(msgspec.Struct, frozen=True):
    """One named thing a workload tried.

    `value` is what the container answered, reduced to something stable (a digest, a number), so
    that an answer under a policy can be compared with the answer that was recorded; None when
    the answer differs from run to run by nature. `detail` says why a check failed.
    """

    name: str
    passed: bool
    value: str | None = None
    detail: str | None = None

    @property
    def answered(self) -> bool:
        """Whether it says how the container takes this; not if it was left out or broken off."""
        return self.passed or not (self.detail or "").startswith(_BROKEN_OFF)

    @property
    def lacked(self) -> str | None:
        """What the workload was not given for it (`no account`), so that it tried nothing."""
        return self.value if self.passed and self.value in _LACKING else None


#: What checks answer that pass because they had nothing to try with.
_LACKING = ("no account", "no recipient")
#: How the details of checks begin that say nothing of what was tried (workloads/limits.py).
_BROKEN_OFF = ("not tried", "the container sent too much", "the client crashed", "killed after")


class Ending(StrEnum):
    """How far a run came."""

    SERVED = "served"  # became ready, was driven and stopped
    FINISHED = "finished"  # a job: did its work and ended by itself
    EXITED = "exited"  # ended by itself before it was ready
    TIMED_OUT = "timed out"  # never became ready
    DIED = "died"  # became ready, then ended by itself under the workload
    REFUSED = "refused"  # the engine would not start it


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run; `log` is the printable tail of the container's output."""

    ending: Ending
    checks: tuple[Check, ...] = ()
    exit_code: Integer | None = None
    detail: str | None = None
    log: str = ""

    @property
    def ready(self) -> bool:
        """Whether the container became ready at all, or did its work."""
        return self.ending in (Ending.SERVED, Ending.DIED, Ending.FINISHED)

    @property
    def passed(self) -> bool:
        """Whether it came to its proper end and every check passed."""
        proper = self.ending in (Ending.SERVED, Ending.FINISHED)
        return proper and all(check.passed for check in self.checks)


#: The workload of a run whose container only starts, idles and stops.
NO_WORKLOAD = "none"


class RunKind(NamedTuple):
    """What runs that repeat each other have in common."""

    workload: str
    environment: Environment

    @property
    def driven(self) -> bool:
        """Whether a workload drives the container."""
        return self.workload != NO_WORKLOAD

    def __str__(self) -> str:
        """`workload@environment`: how everything names a run."""
        return f"{self.workload}@{self.environment.name}"

    def name(self, repeat: int) -> str:
        """The same; `#2` behind it is the second run of the kind."""
        return f"{self}#{repeat + 1}" if repeat else str(self)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Image x environment x workload -> outcome and observation. Times are in seconds.

    `listeners` are the sockets on which it waited for clients while it was ready, `driven` those
    of them that the workload drove. The container was `watched` from its start to its stop.
    `repeat` counts earlier runs of the same workload in the same environment. `joined`: it ran
    already when it was watched, and was not started again, so its start was not seen. `origin` is
    set in a merged profile; elsewhere it is the profile's own.
    """

    environment: Environment
    workload: str
    outcome: Outcome
    observation: Observation
    started_at: float  # Unix time
    duration: float
    listeners: tuple[Listener, ...] = ()
    driven: tuple[Listener, ...] = ()
    watched: Seconds = 0.0
    repeat: Count = 0
    joined: bool = False
    origin: Origin | None = None

    @property
    def image_id(self) -> str | None:
        """The id of its image; None where that is the profile's own."""
        return None if self.origin is None else self.origin.image.id

    @property
    def kind(self) -> RunKind:
        """What it has in common with those that repeat it."""
        return RunKind(self.workload, self.environment)

    @property
    def name(self) -> str:
        """`workload@environment`, with `#2` where it is the second."""
        return self.kind.name(self.repeat)
