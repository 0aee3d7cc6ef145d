"""Recognises a container by its first run, and chooses the workload for its sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.campaign.service_environments import environments, settings_of
from beacon.model.environment import Dimension, Environment
from beacon.model.launch import Launch
from beacon.model.listener import Listener, own_ports
from beacon.model.recognition import RecognisedService, Recognition, Spoken
from beacon.model.run import Run
from beacon.workloads.detection import DetectionWorkload, spoken
from beacon.workloads.interface import Workload
from beacon.workloads.recognition import Evidence, is_called, is_main, recognise
from beacon.workloads.service import Service
from beacon.workloads.suited import by_habit, certain, suited, unknown


@dataclass(frozen=True, kw_only=True)
class Recogniser:
    """Reads a run that nothing drove; `find` makes a workload of its name.

    `named` are the services that the user chose instead, if she did; `vary` whether their own
    environments are explored.
    """

    context: RunContext
    conditions: Conditions
    find: Callable[[str], Workload]
    services: Mapping[str, Service]
    named: tuple[str, ...] | None = None
    vary: bool = True

    def services_of(self, alone: Run) -> Recognition:
        """The services, by the evidence of this run or by the user's word."""
        if self.named is not None:
            return Recognition(tuple(map(RecognisedService, self.named)), chosen=True)
        found = recognise(self._evidence(alone), self.services.values())
        return Recognition(tuple(each for _, each in found))

    def sockets_of(self, alone: Run, recognition: Recognition) -> Recognition:
        """With what its sockets speak; those that no habit explains are asked.

        They are asked in a container of its own, which counts for nothing: whatever it shows, the
        workload shows again.
        """
        if not reachable(self.conditions.launch):
            return recognition
        exposed, address = self.conditions.image.ports, self._address
        expected = {each.workload for each in self._recognised(recognition)}
        known = certain(exposed, alone.listeners, address, expected)
        asked = unknown(exposed, alone.listeners, address, known)
        answers, listeners = self._ask(asked) if asked else ((), ())
        late = [each for each in unknown(exposed, listeners, address, known) if each not in asked]
        if late:  # it opened them later than the first run looked
            asked = (*asked, *late)
            answers, _ = self._ask(asked)
        sockets = (*known, *answers, *by_habit(asked, answers))
        return msgspec.structs.replace(recognition, sockets=sockets)

    def workload(self, recognition: Recognition) -> Workload:
        """What drives these sockets; `none` where no client reaches any."""
        exposed = self.conditions.image.ports
        return self.find(suited(exposed, recognition.sockets, self._address))

    def environments(self, alone: Run, recognition: Recognition) -> tuple[Dimension, ...]:
        """The environments that only these services have, as far as they apply here."""
        if not self.vary:
            return ()
        evidence, launch = self._evidence(alone), self.conditions.launch
        return tuple(
            dimension
            for each in self._recognised(recognition)
            for dimension in environments(
                each, launch, main=recognition.chosen or is_main(each, evidence)
            )
        )

    def writable(self, recognition: Recognition) -> tuple[str, ...]:
        """The paths that an image writes to which is called like one of these services."""
        named = [each for each in self._recognised(recognition) if is_called(each, self._names)]
        return tuple(dict.fromkeys(path for each in named for path in settings_of(each).writable))

    @property
    def _address(self) -> str | None:
        """Where a container is that shares this host's network; None for any other."""
        return "127.0.0.1" if self.conditions.launch.network == "host" else None

    @property
    def _names(self) -> tuple[str, ...]:
        """What the image is called: by the user, and by its labels."""
        return (self.conditions.image.reference, *self.conditions.image.titles)

    def _recognised(self, recognition: Recognition) -> list[Service]:
        return [self.services[each.name] for each in recognition.services]

    def _evidence(self, alone: Run) -> Evidence:
        image, launch = self.conditions.image, self.conditions.launch
        own = image.arguments if launch.entrypoint is None else ()
        entry = (launch.entrypoint,) if launch.entrypoint else image.command[: -len(own) or None]
        programs = sorted({each.path for each in alone.observation.programs})
        command = (*entry, *(launch.command or own))
        return Evidence(self._names, command, tuple(programs))

    def _ask(
        self, sockets: tuple[Listener, ...]
    ) -> tuple[tuple[Spoken, ...], tuple[Listener, ...]]:
        """What they speak, and what the container listened on when it was asked."""
        spec = RunSpec(environment=Environment(), workload=DetectionWorkload(sockets))
        launch = msgspec.structs.replace(self.conditions.launch, stop_timeout=0)
        # How it ends is of no interest.
        conditions = replace(self.conditions, launch=launch, listens=own_ports(sockets))
        run = run_once(self.context, conditions, spec)
        return tuple(spoken(run.outcome.checks)), run.listeners


def reachable(launch: Launch) -> bool:
    """Whether a client on this host reaches a container that is launched so."""
    network = launch.network or ""
    return network != "none" and not network.startswith("container:")
