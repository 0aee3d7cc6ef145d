"""Records a profile: the baseline without and with the workload."""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence

from beacon import __version__
from beacon.campaign.cell import Cell, Conditions, run_cell
from beacon.campaign.lab import Lab
from beacon.campaign.reporter import Reporter
from beacon.errors import ExitCode, NothingObservedError
from beacon.model.launch import Environment, Launch
from beacon.model.profile import Host, ImageIdentity, Profile
from beacon.model.run import Ending, Outcome, Run
from beacon.workloads.interface import Workload
from beacon.workloads.none import NoWorkload


class NeverReadyError(NothingObservedError):
    """No run became ready; the diagnostics show what the container last said."""

    def __init__(self, outcome: Outcome, launch: Launch) -> None:
        reason = (outcome.detail or outcome.ending).rstrip(".")
        refused = outcome.ending is Ending.REFUSED
        advice = ": change the options" if refused else ""
        super().__init__(f"The image never became ready: {reason}{advice}.")
        if refused and launch != Launch():
            self.exit_code = ExitCode.USAGE
        self._outcome = outcome

    def diagnostics(self) -> str | None:
        """The tail of the container's output."""
        return self._outcome.log or None


def record(
    lab: Lab, conditions: Conditions, workload: Workload, reporter: Reporter, jobs: int
) -> Profile:
    """Run the baseline cells; NeverReadyError when no container became ready."""
    environment = Environment()
    cells = [Cell(environment, NoWorkload())]
    if workload.name != cells[0].workload.name:
        cells.append(Cell(environment, workload))
    runs = run_cells(lab, conditions, cells, reporter, jobs)
    if not any(run.outcome.ready for run in runs):
        raise NeverReadyError(runs[-1].outcome, conditions.launch)
    return Profile(
        image=ImageIdentity(
            conditions.image.reference, conditions.image.id, conditions.image.architecture
        ),
        host=describe_host(lab),
        launch=conditions.launch,
        runs=tuple(runs),
        beacon=__version__,
    )


def run_cells(
    lab: Lab, conditions: Conditions, cells: Sequence[Cell], reporter: Reporter, jobs: int
) -> list[Run]:
    """Run all cells, `jobs` at a time (one if they share state), and tell the reporter of each."""
    jobs = 1 if conditions.launch.shares_state else jobs
    seen: set[object] = set()
    lock = threading.Lock()

    def one(cell: Cell) -> Run:
        reporter.started(cell)
        run = run_cell(lab, conditions, cell)
        with lock:
            before = len(seen)
            seen.update(run.observation.used())
            reporter.finished(cell, run, len(seen) - before)
        return run

    return lab.in_parallel(one, cells, jobs)


def describe_host(lab: Lab) -> Host:
    """What the runs depended on."""
    engine, monitor = lab.engine.facts(), lab.monitor.facts()
    return Host(
        kernel=platform.release(),
        monitor=monitor.rung,
        cgroup_version=monitor.cgroup_version,
        engine=f"{engine.name} {engine.version}",
        runtime=engine.runtime,
    )
