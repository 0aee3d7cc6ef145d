"""A monitor that replays recorded observations: for tests, and for work without a kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from beacon.model.event import Phase
from beacon.model.observation import Observation
from beacon.monitor.interface import (
    NOTHING_CARRIED,
    Monitor,
    MonitorFacts,
    MonitorFullError,
    Target,
)


class ReplayTarget(Target):
    """Tells what was recorded; only what had been counted in the phases entered so far.

    Start is entered from the beginning, and with it the runtime's and exec'd processes' phases,
    which no one sets.
    """

    def __init__(self, name: str, recorded: Observation) -> None:
        self._name, self._recorded = name, recorded
        self.phases = [Phase.RUNTIME, Phase.START, Phase.EXEC]

    @property
    def cgroup_parent(self) -> str:
        """A name that no engine has to honour."""
        return f"/replay/{self._name}"

    def set_phase(self, phase: Phase) -> None:
        """Count what was recorded in `phase`, too."""
        self.phases.append(phase)

    def kill(self) -> None:
        """Nobody lives in a recording."""

    def expect_restart(self) -> None:
        """A recording has one start for all."""

    def executed(self) -> frozenset[str]:
        """None: what files carry is in the recording already."""
        return frozenset()

    def snapshot(self, carried: Mapping[str, int] = NOTHING_CARRIED) -> Observation:
        """What was recorded in the phases entered so far, with all losses."""
        recorded = self._recorded
        return Observation(
            syscalls=tuple(entry for entry in recorded.syscalls if entry.phase in self.phases),
            capabilities=tuple(
                check for check in recorded.capabilities if check.phase in self.phases
            ),
            losses=recorded.losses,
            unnumbered=recorded.unnumbered,
            programs=tuple(
                program for program in recorded.programs if program.phase in self.phases
            ),
        )


class ReplayMonitor(Monitor):
    """Hands out the recordings in their order, one for each target; MonitorFullError after."""

    def __init__(self, recordings: Iterable[Observation]) -> None:
        self._recordings = iter(recordings)
        self._lock = threading.Lock()
        self.targets: list[ReplayTarget] = []

    def facts(self) -> MonitorFacts:
        """That this is no kernel."""
        return MonitorFacts("replay", 2)

    @contextmanager
    def watch(self, name: str) -> Iterator[ReplayTarget]:
        """The next recording."""
        with self._lock:
            recorded = next(self._recordings, None)
            if recorded is None:
                raise MonitorFullError("The recording holds no further run.")
            target = ReplayTarget(name, recorded)
            self.targets.append(target)
        yield target

    @contextmanager
    def join(self, container: str, pid: int, cgroup: str) -> Iterator[ReplayTarget]:
        """The next recording, in which the container serves already."""
        with self.watch(container) as target:
            target.set_phase(Phase.SERVE)
            yield target

    def close(self) -> None:
        """Nothing to detach from."""
