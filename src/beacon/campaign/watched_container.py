"""A container that is watched: what it is denied, how it lives, what is to be kept of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.record import describe_host
from beacon.campaign.watched_profile import Heard, profile_of
from beacon.engines.interface import (
    ContainerNotFoundError,
    EngineUnavailableError,
    Existing,
    Life,
    RefusedError,
)
from beacon.model.denial import Denial, DenialKind, Watched
from beacon.model.event import Event, Phase
from beacon.model.observation import Observation
from beacon.model.profile import Profile
from beacon.monitor.interface import Target
from beacon.synthesis.denials import Judge

#: Seconds between two looks at the kernel's counters, and at the engine's word of the container.
_LOOK, _ASK = 0.4, 1.0
#: Seconds that an ended container gets to be started again: `docker restart` stops it first.
_RETURN = 3.0
#: Seconds after which a container that was started counts as serving.
_STARTING = 5.0
#: Executed files whose capabilities are read at one look: each is a request to the engine.
_FILES = 4


class WatchReporter(Protocol):
    """Told as it happens."""

    def say(self, text: str) -> None:
        """Something that the user should know, a sentence."""

    def denied(self, denial: Denial) -> None:
        """Something was denied, or would be, for the first time."""


@dataclass(kw_only=True)
class WatchedContainer:
    """One container, from the moment that it was joined."""

    context: RunContext
    found: Existing
    target: Target
    life: Life
    judge: Judge
    allowing: Callable[[Denial], str]
    reporter: WatchReporter
    record: bool
    began: float = field(default_factory=time.time)
    denials: dict[tuple[Event, DenialKind], Denial] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    seen: Observation = field(default_factory=Observation)

    def __post_init__(self) -> None:
        self._host = describe_host(self.context)
        self._clock = self._started = time.monotonic()
        self._ended: float | None = None
        self._ran = self.life.alive
        self._starts, self._starting = 0, False

    def run(self, seconds: float | None, stopped: Callable[[], bool]) -> None:
        """Look until it ends, for `seconds` at most."""
        asked = self._clock
        end = math.inf if seconds is None else self._clock + seconds
        while not stopped() and time.monotonic() < end:
            time.sleep(_LOOK)
            self._look()
            if time.monotonic() - asked >= _ASK:
                asked = time.monotonic()
                if not self._lives():
                    break
        self._look()

    def watched(self) -> Watched:
        """What came of it so far."""
        return Watched(
            container=self.found.name,
            image=self.found.image.reference,
            seconds=time.monotonic() - self._clock,
            restarts=max(0, self._starts - (not self._ran)),
            denials=tuple(self.denials.values()),
            losses=self.seen.losses,
            unnumbered=self.seen.unnumbered,
        )

    def profile(self) -> Profile:
        """All that was seen, as a profile."""
        return profile_of(
            self._host,
            self.found,
            self.seen,
            self.heard,
            started_at=self.began,
            seconds=time.monotonic() - self._clock,
            joined=not self._starts,
        )

    def _look(self) -> None:
        self._read_files()
        self.seen = self.target.snapshot(self.carried)
        for denial in self.judge.denials(self.seen):
            key = denial.event, denial.kind
            known = self.denials.get(key)
            if known is None:
                known = msgspec.structs.replace(
                    denial, change=self.allowing(denial), first_seen=time.time()
                )
                self.reporter.denied(known)
            self.denials[key] = msgspec.structs.replace(
                known, count=denial.count, processes=denial.processes
            )

    def _read_files(self) -> None:
        """Read what executed files carry: without that capability, their execve is denied."""
        new = (path for path in sorted(self.target.executed()) if path not in self.carried)
        for path in islice(new, _FILES):
            try:
                self.carried[path] = self.context.file_capabilities(
                    self.found.container, self.found.image.id, path
                )
            except (RefusedError, EngineUnavailableError):
                return  # between two starts, say

    def _lives(self) -> bool:
        """Ask the engine; whether the container runs, or may do so again."""
        try:
            life = self.context.engine.life(self.found.container.id)
        except ContainerNotFoundError:
            self.reporter.say(f"{self.found.name} was removed.")
            return False
        except (RefusedError, EngineUnavailableError):
            return True  # the engine may be updated while its containers live on
        now = time.monotonic()
        if life.started_at != self.life.started_at:
            self._starts += 1
            self._started, self._starting, self.life = now, True, life
            self.reporter.say(f"{self.found.name} was started; watching it from its first call.")
        if life.alive:
            self._ended = None
            self._serve(now)
            return True
        self._ended = self._ended or now
        if not (self._ran or self._starts) or now - self._ended < _RETURN:
            return True
        self.reporter.say(f"{self.found.name} has ended.")
        return False

    def _serve(self, now: float) -> None:
        """It runs: note what it listens on, and when it can be taken to serve."""
        if now - self._started >= _STARTING and self._starting:
            self._starting = False
            self.target.set_phase(Phase.SERVE)
            if not self.seen.syscalls and self._starts:
                self.reporter.say(
                    "Note: nothing was seen of its start, since the engine put it elsewhere: "
                    "repeat the command while it runs."
                )
        if self.record:
            self.heard.listen(self.found.container)
