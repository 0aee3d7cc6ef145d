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
from beacon.model.listener import Listener
from beacon.model.recognition import RecognisedService, Recognition, Spoken
from beacon.model.run import Run
from beacon.workloads.detection import DetectionWorkload, spoken
from beacon.workloads.interface import Workload
from beacon.workloads.recognition import Evidence, is_called, is_main, recognise
from beacon.workloads.service import Service
from beacon.workloads.suited import by_habit, certain, suited, unknown


@dataclass(frozen=True)
class Recogniser:
    """Reads a run that nothing drove; `find` makes a workload of its name.

    `named` are the services that the user chose instead, if she did; `vary` whether their own
    environments are explored.
    """

    lab: RunContext
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
        launch, exposed = self.conditions.launch, self.conditions.image.ports
        if not reachable(launch):
            return recognition
        address = "127.0.0.1" if launch.network == "host" else None
        expected = {self.services[each.name].workload for each in recognition.services}
        known = certain(exposed, alone.listeners, address, expected)
        asked = unknown(exposed, alone.listeners, address, known)
        answers = self._ask(asked) if asked else ()
        sockets = (*known, *answers, *by_habit(asked, answers))
        return msgspec.structs.replace(recognition, sockets=sockets)

    def workload(self, recognition: Recognition) -> Workload:
        """What drives these sockets; `none` where no client reaches any."""
        exposed, launch = self.conditions.image.ports, self.conditions.launch
        address = "127.0.0.1" if launch.network == "host" else None
        return self.find(suited(exposed, recognition.sockets, address))

    def environments(self, alone: Run, recognition: Recognition) -> tuple[Dimension, ...]:
        """The environments that only these services have, as far as they apply here."""
        if not self.vary:
            return ()
        evidence, launch = self._evidence(alone), self.conditions.launch
        chosen = [self.services[each.name] for each in recognition.services]
        return tuple(
            dimension
            for each in chosen
            for dimension in environments(
                each, launch, main=recognition.chosen or is_main(each, evidence)
            )
        )

    def writable(self, recognition: Recognition) -> tuple[str, ...]:
        """The paths that an image writes to which is called like one of these services."""
        image = self.conditions.image
        names = (image.reference, *image.titles)
        chosen = [self.services[each.name] for each in recognition.services]
        named = [each for each in chosen if is_called(each, names)]
        return tuple(dict.fromkeys(path for each in named for path in settings_of(each).writable))

    def _evidence(self, alone: Run) -> Evidence:
        image, launch = self.conditions.image, self.conditions.launch
        own = image.arguments if launch.entrypoint is None else ()
        entry = (launch.entrypoint,) if launch.entrypoint else image.command[: -len(own) or None]
        programs = sorted({each.path for each in alone.observation.programs})
        return Evidence(
            (image.reference, *image.titles),
            (*entry, *(launch.command or own)),
            tuple(programs),
        )

    def _ask(self, sockets: tuple[Listener, ...]) -> tuple[Spoken, ...]:
        cell = RunSpec(Environment(), DetectionWorkload(sockets))
        launch = msgspec.structs.replace(self.conditions.launch, stop_timeout=0)
        conditions = replace(self.conditions, launch=launch)  # how it ends is of no interest
        return tuple(spoken(run_once(self.lab, conditions, cell).outcome.checks))


def reachable(launch: Launch) -> bool:
    """Whether a client on this host reaches a container that is launched so."""
    network = launch.network or ""
    return network != "none" and not network.startswith("container:")
