"""What BeaCon asks of a monitor: watch cgroups, tell what the kernel saw in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType

from beacon.errors import BeaconError, UnsupportedHostError
from beacon.model.event import Phase
from beacon.model.observation import Observation

#: Of files that carry no capabilities.
NOTHING_CARRIED: Mapping[str, int] = MappingProxyType({})


class MonitorUnsupportedError(UnsupportedHostError):
    """The kernel will not run the program; the diagnostics hold what it said."""

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self._details = details

    def diagnostics(self) -> str | None:
        """What libbpf and the kernel's verifier said."""
        return self._details


class StaleProgramError(BeaconError):
    """The compiled kernel program was built from other sources than those of this package."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"The compiled kernel program is of another version of BeaCon (it has no {missing}): "
            "install the package again, in a checkout by script/bootstrap."
        )


class TargetExistsError(BeaconError):
    """A cgroup of this name is there already."""


class NotHereError(UnsupportedHostError):
    """A container does not run on this host, as far as this process can see."""


class MonitorFullError(BeaconError):
    """More containers at once than the kernel program has slots for."""


@dataclass(frozen=True)
class MonitorFacts:
    """How the kernel is watched: the ladder's rung for capabilities, and the cgroup version."""

    rung: str
    cgroup_version: int


class Target(ABC):
    """One watched cgroup with all that is below it."""

    @property
    @abstractmethod
    def cgroup_parent(self) -> str:
        """The cgroup as an engine's `--cgroup-parent` names it."""

    @abstractmethod
    def set_phase(self, phase: Phase) -> None:
        """Count what the container's own processes do from now on under `phase`."""

    @abstractmethod
    def kill(self) -> None:
        """Kill whatever is in the cgroup, the container runtime's own processes, too."""

    @abstractmethod
    def expect_restart(self) -> None:
        """Expect the container's next start: the first process to come is its first once more.

        Called while none of its processes lives; the phase is START again.
        """

    @abstractmethod
    def executed(self) -> frozenset[str]:
        """The files that were executed, or could not be for want of a right, as the container sees
        them: paths from its root, printable or not.
        """

    @abstractmethod
    def snapshot(self, carried: Mapping[str, int] = NOTHING_CARRIED) -> Observation:
        """All that was seen so far; exact once the container has ended.

        `carried`: the capabilities that the executed files carry, by path (bit n: number n).
        """


class Monitor(ABC):
    """Watches any number of targets at once; nothing else on the host is recorded."""

    @abstractmethod
    def facts(self) -> MonitorFacts:
        """How the kernel is watched."""

    @abstractmethod
    def watch(self, name: str) -> AbstractContextManager[Target]:
        """Make the cgroup `name` and watch it from before its first process; remove it at the end.

        MonitorFullError when too many are watched already.
        """

    @abstractmethod
    def join(self, container: str, pid: int, cgroup: str) -> AbstractContextManager[Target]:
        """Watch a container that somebody else made, by its full id and its first process's id.

        `pid` is 0 for one that does not run; `cgroup` is what the engine then calls its cgroup. It
        stays the target when it is started again, each time from before its first process. Of what
        it does now the phase is SERVE. A process that ran already may be missed in the first call
        that the filter denies it. NotHereError.
        """

    @abstractmethod
    def close(self) -> None:
        """Detach from the kernel."""
