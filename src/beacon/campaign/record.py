"""Records a profile: the default environment, then those that a strategy proposes."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from beacon import __version__
from beacon.campaign.context import RunContext
from beacon.campaign.environment_applied import apply
from beacon.campaign.journal import Journal
from beacon.campaign.never import NeverReadyError, unserved
from beacon.campaign.recognising import Recogniser
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import Conditions, RunSpec, check_engine, run_once
from beacon.exploration.estimate import estimate, trials
from beacon.exploration.fixed import Baseline
from beacon.exploration.interface import Strategy
from beacon.model.coverage import coverage
from beacon.model.environment import Dimension, Environment, EnvironmentSpace
from beacon.model.event import Event
from beacon.model.listener import own_ports
from beacon.model.origin import Host
from beacon.model.profile import Exploration, Profile
from beacon.model.recognition import Recognition
from beacon.model.run import Ending, Run
from beacon.workloads.discovery import scripts_of
from beacon.workloads.interface import Workload
from beacon.workloads.none import NoWorkload

#: Makes the surroundings and the strategy when further dimensions, and paths that the image writes
#: to, are known.
Planner = Callable[[tuple[Dimension, ...], tuple[str, ...]], tuple[EnvironmentSpace, Strategy]]


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Budget:
    """When to stop although the strategy would go on: runs in all, seconds in all."""

    runs: int | None = None
    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)

    def remaining_runs(self, done: int) -> int | None:
        """How many more runs it has, as far as it counts them."""
        return None if self.runs is None else max(0, self.runs - done)

    def over(self) -> bool:
        """Whether its time is over: no run is begun any more."""
        return self.seconds is not None and time.monotonic() - self.started >= self.seconds


@dataclass(kw_only=True)
class Campaign:
    """All that a recording consists of; `run` does it.

    The default environment is run without and with the workload, the others with it (without
    where no client reaches the container). Without a `workload` the recogniser chooses it after the
    first run. What that run shows to be a service has environments of its own: `plan` makes the
    surroundings and the strategy with them.
    """

    context: RunContext
    conditions: Conditions
    workload: Workload | None
    reporter: Reporter
    jobs: int
    strategy: Strategy = field(default_factory=Baseline)
    seed: int = 0
    budget: Budget = field(default_factory=Budget)
    journal: Journal | None = None
    runs: list[Run] = field(default_factory=list)
    complete: bool = True
    recogniser: Recogniser | None = None
    plan: Planner | None = None
    recognition: Recognition | None = None

    def run(self) -> Profile:
        """Run it to its end; NeverReadyError when the default environment never became ready.

        Where no check passed there it explores nothing: no environment would show more.
        """
        self._baseline()
        if unserved(self.runs) is None:
            self._explore()
        else:
            self.complete = False
        return self._profile()

    def _baseline(self) -> None:
        default = Environment()
        alone = RunSpec(environment=default, workload=NoWorkload(), first=True)
        if self.workload is None:
            self._run([alone])
            self._check_ready()
            self.conditions = replace(self.conditions, listens=own_ports(self.runs[0].listeners))
            self.workload = NoWorkload() if self._is_job() else self._recognised(choose=True)
        rest = (
            []
            if self.workload.name == alone.workload.name
            else [RunSpec(environment=default, workload=self.workload)]
        )
        self._run(rest if self.runs else [alone, *rest])
        self._check_ready()
        if self.recognition is None and not self._is_job():
            self._recognised(choose=False)
        if self._is_job():
            self.conditions = replace(self.conditions, ends=True)
            # Output that differs between two runs is not compared later.
            self.workload = alone.workload
            self._run([RunSpec(environment=default, workload=alone.workload, repeat=1)])
            return
        self.conditions = replace(self.conditions, serves=True)
        if _doubtful(self.runs[-1]):
            # A check that fails both times does not fail by chance, and no policy is at fault.
            self._run([RunSpec(environment=default, workload=self.workload, repeat=1)])

    def _recognised(self, *, choose: bool) -> Workload:
        """Recognise the container, plan with what its services vary; its workload."""
        recogniser = self.recogniser
        if recogniser is None:
            return NoWorkload()
        alone = self.runs[0]
        recognition = recogniser.services_of(alone)
        if choose:
            recognition = recogniser.sockets_of(alone, recognition)
        self.recognition = recognition
        self.reporter.recognised(recognition)
        if self.plan is not None:
            more = recogniser.environments(alone, recognition)
            surroundings, self.strategy = self.plan(more, recogniser.writable(recognition))
            self.conditions = replace(self.conditions, surroundings=surroundings)
        return recogniser.workload(recognition) if choose else NoWorkload()

    def _is_job(self) -> bool:
        return self.runs[0].outcome.ending is Ending.FINISHED

    def _check_ready(self) -> None:
        if not any(run.outcome.ready for run in self.runs):
            if self.journal is not None:
                self.journal.discard()
            raise NeverReadyError(self.runs[-1].outcome, self.conditions.launch)

    def _explore(self) -> None:
        repetitions = self._repetitions()
        while batch := self.strategy.propose(trials(self.runs)):
            before = len(self.runs)
            varied = [
                RunSpec(environment=environment, workload=self._workload(environment))
                for environment in batch
            ]
            specs = [*varied, *repetitions]
            self._run(specs[: self.budget.remaining_runs(before)], over=self.budget.over)
            self.reporter.estimated(estimate(trials(self.runs), self.strategy.judges))
            if len(self.runs) - before < len(specs):
                self.complete = False
                return
            repetitions = []

    def _repetitions(self) -> list[RunSpec]:
        """The default environment under its workload again: what does chance alone show?"""
        default = Environment()
        workload = self._workload(default)
        done = sum(run.workload == workload.name for run in self.runs)
        wanted = range(done, 1 + self.strategy.repetitions)
        return [RunSpec(environment=default, workload=workload, repeat=number) for number in wanted]

    def _workload(self, environment: Environment) -> Workload:
        isolated = self.conditions.surroundings.isolated(environment)
        return NoWorkload() if isolated or self.workload is None else self.workload

    def _run(self, specs: Sequence[RunSpec], over: Callable[[], bool] = _never) -> None:
        """Run what is not done yet; the baseline is never `over`."""
        known = [self._known(spec) for spec in specs]
        finished = {spec.name: run for spec, run in zip(specs, known, strict=True) if run}
        missing = [spec for spec in specs if spec.name not in finished]
        self.reporter.planned(len(self.runs) + len(specs))
        before = _shown(self.runs)
        seen = before | _shown(finished.values())
        if finished:
            self.reporter.resumed(len(finished), len(seen) - len(before))
        fresh = run_specs(
            self.context, self._record, missing, self.reporter, self.jobs, seen=seen, over=over
        )
        finished |= {run.name: run for run in fresh}
        self.runs += [finished[spec.name] for spec in specs if spec.name in finished]

    def _known(self, spec: RunSpec) -> Run | None:
        if self.journal is None:
            return None
        return self.journal.done(spec.kind, spec.repeat)

    def _record(self, spec: RunSpec) -> Run:
        run = run_once(self.context, self.conditions, spec)
        if run.outcome.ending is Ending.REFUSED and self._may_be_ill(spec):
            check_engine(self.context, self.conditions)
            run = run_once(self.context, self.conditions, spec)  # the engine may have been ill then
        if self.journal is not None:
            self.journal.add(run)
        return run

    def _may_be_ill(self, spec: RunSpec) -> bool:
        """Whether a refusal may be the engine's own: not of what it never does."""
        known = self.conditions
        plan = apply(known.surroundings, spec.environment, known.image, known.launch)
        never = self.context.engine.unsupported(plan.launch) is not None
        return bool(spec.environment.settings) and not never

    def _profile(self) -> Profile:
        return Profile(
            image=self.conditions.image.identity,
            host=describe_host(self.context),
            launch=self.conditions.launch,
            runs=tuple(self.runs),
            beacon=__version__,
            surroundings=self.conditions.surroundings,
            exploration=Exploration(
                strategy=self.strategy.name,
                seed=self.seed,
                finished=self.complete,
                estimate=estimate(trials(self.runs), self.strategy.judges),
            ),
            scripts=tuple(each.script for each in scripts_of(self.workload)),
            coverage=coverage(self.runs, self.conditions.surroundings),
            recognition=self.recognition,
        )


def _doubtful(run: Run) -> bool:
    """Whether it served, but not all of it, and one more run would tell whether that is chance."""
    failed = [check for check in run.outcome.checks if not check.passed]
    if run.outcome.ending is not Ending.SERVED or len(failed) == len(run.outcome.checks):
        return False
    return bool(failed) and all(check.answered for check in failed)


def run_specs(
    context: RunContext,
    run_one: Callable[[RunSpec], Run],
    specs: Sequence[RunSpec],
    reporter: Reporter,
    jobs: int,
    *,
    seen: AbstractSet[Event] = frozenset(),
    over: Callable[[], bool] = _never,
) -> list[Run]:
    """Run all specs, `jobs` at a time, and tell the reporter of each.

    Events that were `seen` before are not new any more. Once it is `over` none is begun.
    """
    known = set(seen)
    lock = threading.Lock()

    def one(spec: RunSpec) -> Run | None:
        if over():
            return None
        reporter.started(spec)
        run = run_one(spec)
        with lock:
            before = len(known)
            known.update(run.observation.events())
            reporter.finished(spec, run, len(known) - before)
        return run

    return [run for run in context.in_parallel(one, specs, jobs) if run is not None]


def _shown(runs: Iterable[Run]) -> set[Event]:
    return {event for run in runs for event in run.observation.events()}


def describe_host(context: RunContext) -> Host:
    """What the runs depended on."""
    engine, monitor = context.engine.facts(), context.monitor.facts()
    return Host(
        kernel=platform.release(),
        monitor=monitor.rung,
        cgroup_version=monitor.cgroup_version,
        engine=f"{engine.name} {engine.version}",
        runtime=engine.runtime,
    )
