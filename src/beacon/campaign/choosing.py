"""Chooses the workload by what a container listens on in its first run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from beacon.campaign.cell import Cell, Conditions, run_cell
from beacon.campaign.lab import Lab
from beacon.model.environment import Environment
from beacon.model.launch import Launch
from beacon.model.run import Run
from beacon.workloads.interface import Workload
from beacon.workloads.none import NoWorkload
from beacon.workloads.probe import ProbeWorkload, speak_http
from beacon.workloads.suited import suited, unknown


@dataclass(frozen=True)
class Chooser:
    """Called with the run that nothing drove; `find` makes a workload of its name."""

    lab: Lab
    conditions: Conditions
    find: Callable[[str], Workload]

    def __call__(self, alone: Run) -> Workload:
        """The workloads that its sockets ask for, `none` where no client reaches it.

        A port whose number says nothing is asked for HTTP, in a container of its own that counts
        for nothing: whatever it shows, the workload shows again.
        """
        launch, exposed = self.conditions.launch, self.conditions.image.ports
        if not reachable(launch):
            return NoWorkload()
        address = "127.0.0.1" if launch.network == "host" else None
        asked = unknown(exposed, alone.listeners, address)
        answers = self._ask(asked) if asked else frozenset()
        return self.find(suited(exposed, alone.listeners, address, answers))

    def _ask(self, ports: tuple[int, ...]) -> frozenset[int]:
        cell = Cell(Environment(), ProbeWorkload(ports))
        launch = msgspec.structs.replace(self.conditions.launch, stop_timeout=0)
        conditions = replace(self.conditions, launch=launch)  # how it ends is of no interest
        return speak_http(run_cell(self.lab, conditions, cell).outcome.checks)


def reachable(launch: Launch) -> bool:
    """Whether a client on this host reaches a container that is launched so."""
    network = launch.network or ""
    return network != "none" and not network.startswith("container:")
