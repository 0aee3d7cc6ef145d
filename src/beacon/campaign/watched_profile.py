"""What was seen of a container that ran already, as a profile of one run."""

from __future__ import annotations

from dataclasses import dataclass, field

from beacon import __version__
from beacon.engines.interface import Container, EngineUnavailableError, Existing, RefusedError
from beacon.model.coverage import coverage
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.listener import Listener
from beacon.model.observation import Observation
from beacon.model.origin import Host, ImageIdentity
from beacon.model.profile import Profile
from beacon.model.run import NO_WORKLOAD, Ending, Outcome, Run


@dataclass
class Heard:
    """What it listens on, and what somebody connected to."""

    listeners: set[Listener] = field(default_factory=set)
    driven: set[Listener] = field(default_factory=set)

    def listen(self, container: Container) -> None:
        """Read both once more; nothing of a container that has just ended."""
        try:
            found, ports = container.listeners(), container.connected()
        except (RefusedError, EngineUnavailableError):
            return
        self.listeners.update(found)
        self.driven.update(each for each in found if each.protocol == "tcp" and each.port in ports)


def profile_of(
    host: Host,
    found: Existing,
    seen: Observation,
    heard: Heard,
    *,
    started_at: float,
    seconds: float,
    joined: bool,
) -> Profile:
    """A profile of one run, without a workload of ours: its clients were production's own.

    `joined`: its start was not seen, which keeps the profile from being complete.
    """
    image = found.image
    run = Run(
        environment=Environment(),
        workload=NO_WORKLOAD,
        outcome=Outcome(ending=Ending.SERVED),
        observation=seen,
        started_at=started_at,
        duration=seconds,
        listeners=tuple(sorted(heard.listeners)),
        driven=tuple(sorted(heard.driven)),
        watched=seconds,
        joined=joined,
    )
    return Profile(
        image=ImageIdentity(image.reference, image.id, image.architecture),
        host=host,
        launch=found.launch,
        runs=(run,),
        beacon=__version__,
        coverage=coverage([run], EnvironmentSpace()),
    )
