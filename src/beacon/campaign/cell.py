"""One run: start a container, wait, drive it, stop it, and keep what the kernel saw."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from beacon.campaign.lab import Lab
from beacon.engines.interface import (
    Container,
    Enforcement,
    Image,
    NotReadyError,
    Readiness,
    RefusedError,
)
from beacon.model.event import Phase
from beacon.model.launch import Environment, Launch
from beacon.model.run import Check, Ending, Outcome, Run, run_name
from beacon.monitor.interface import Target
from beacon.workloads.interface import Endpoint, Workload


@dataclass(frozen=True)
class Conditions:
    """What all runs of a campaign have in common. Times in seconds.

    `settle` is how long a ready container is left alone before it is driven, so that timers and
    background threads are seen; `grace` is what it gets to stop by itself.
    """

    image: Image
    launch: Launch
    enforcement: Enforcement = field(default_factory=Enforcement)
    settle: float = 1.0
    drive_timeout: float = 120.0
    grace: float = 10.0

    @property
    def readiness(self) -> Readiness:
        """When a container of this campaign counts as ready."""
        return Readiness(
            timeout=self.launch.ready_timeout,
            stable=self.launch.ready_after,
            ports=self.image.ports,
            log_line=self.launch.ready_log,
        )


@dataclass(frozen=True)
class Cell:
    """What sets one run apart: an environment and a workload."""

    environment: Environment
    workload: Workload

    @property
    def name(self) -> str:
        """`workload@environment`."""
        return run_name(self.workload.name, self.environment)


def run_cell(lab: Lab, conditions: Conditions, cell: Cell) -> Run:
    """Run it to its end; whatever the container does becomes an outcome, not an error."""
    lab.proceed()
    started_at, clock = time.time(), time.monotonic()
    with lab.monitor.watch(lab.name()) as target:
        outcome = _live(lab, conditions, cell, target)
        observation = target.snapshot()
    lab.proceed()
    return Run(
        environment=cell.environment,
        workload=cell.workload.name,
        outcome=outcome,
        observation=observation,
        started_at=started_at,
        duration=time.monotonic() - clock,
    )


def _live(lab: Lab, conditions: Conditions, cell: Cell, target: Target) -> Outcome:
    try:
        container = lab.engine.create(
            conditions.image,
            conditions.launch,
            conditions.enforcement,
            cgroup_parent=target.cgroup_parent,
        )
    except RefusedError as refusal:
        return Outcome(Ending.REFUSED, detail=str(refusal))
    with container:
        lab.proceed()
        try:
            container.start()
            container.wait_ready(conditions.readiness)
        except RefusedError as refusal:
            return _ended(container, Ending.REFUSED, str(refusal))
        except NotReadyError as failure:
            ending = Ending.EXITED if failure.exited else Ending.TIMED_OUT
            return _ended(container, ending, str(failure))
        lab.proceed()
        try:
            return _serve(lab, conditions, cell, target, container)
        except RefusedError as refusal:
            # It is gone, or dead: nobody but us should touch it, yet somebody did.
            return Outcome(Ending.DIED, detail=f"Somebody else ended it in mid-run: {refusal}")


def _serve(
    lab: Lab, conditions: Conditions, cell: Cell, target: Target, container: Container
) -> Outcome:
    target.set_phase(Phase.SERVE)
    started_at = container.started_at()
    lab.stopping.wait(conditions.settle)
    endpoint = Endpoint(
        container.id, container.address(), conditions.image.ports, container.env(), lab.stopping
    )
    checks = cell.workload.drive(endpoint, conditions.drive_timeout)
    if not container.running():
        return _ended(container, Ending.DIED, "It ended under the workload.", checks)
    if container.started_at() != started_at:
        return _ended(container, Ending.DIED, "Somebody else restarted it in mid-run.", checks)
    target.set_phase(Phase.SHUTDOWN)
    code = container.stop(conditions.grace)
    return Outcome(Ending.SERVED, checks, code, log=container.logs())


def _ended(
    container: Container, ending: Ending, detail: str, checks: tuple[Check, ...] = ()
) -> Outcome:
    try:
        return Outcome(ending, checks, container.exit_code(), detail, container.logs())
    except RefusedError:  # it has vanished meanwhile, and its last words with it
        return Outcome(ending, checks, detail=detail)
