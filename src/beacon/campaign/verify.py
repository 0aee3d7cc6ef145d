"""Proves a policy: every recorded run again under it, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from beacon import __version__
from beacon.campaign.blame import Blame, suffered
from beacon.campaign.compare import intended, suspects
from beacon.campaign.context import RunContext
from beacon.campaign.control import Case, Control, blames
from beacon.campaign.further import record_now
from beacon.campaign.record import run_specs
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.model.coverage import coverage
from beacon.model.environment import Environment
from beacon.model.policy import Policy, Replay
from beacon.model.run import Run
from beacon.model.verification import Verification, VerifiedRun
from beacon.workloads.interface import Workload


@dataclass
class Kept:
    """The runs of a verification, with what the kernel saw: under the policy and without it."""

    enforced: list[Run] = field(default_factory=list)
    control: list[Run] = field(default_factory=list)

    def add(self, cases: Iterable[Case]) -> None:
        """Those of these cases."""
        for case in cases:
            self.enforced += case.enforced
            self.control += case.control


def verify_runs(
    context: RunContext,
    conditions: Conditions,
    policy: Policy,
    find_workload: Callable[[str], Workload],
    reporter: Reporter,
    jobs: int,
    *,
    quick: bool = False,
    further: Sequence[Workload] = (),
    kept: Kept | None = None,
) -> Verification:
    """Run every replay of the policy under `conditions.enforcement` and compare.

    What differs is run without the policy, too. `quick`: only those in the default environment.
    `further` workloads drive it there as well. All runs are added to `kept`.
    """
    image = conditions.image.reference
    recorded = chosen(policy, image, quick=quick)
    specs = [
        RunSpec(environment=replay.environment, workload=find_workload(replay.workload))
        for replay in recorded
    ]
    specs += [RunSpec(environment=Environment(), workload=workload) for workload in further]
    replays = [*recorded, *record_now(context, conditions, policy, further, reporter, jobs)]
    reporter.planned(len(further) + len(specs))
    runs = run_specs(context, partial(run_once, context, conditions), specs, reporter, jobs)
    cases = [
        Case(policy=policy, replay=replay, spec=spec, enforced=[run])
        for replay, spec, run in zip(replays, specs, runs, strict=True)
    ]
    Control(
        context=context, conditions=conditions, policy=policy, reporter=reporter, jobs=jobs
    ).settle(cases, len(further) + len(specs))
    if kept is not None:
        kept.add(cases)
    # What was repeated counts as well: a run that came too early drove nothing.
    covered = coverage((run for case in cases for run in case.enforced), policy.surroundings)
    verified = [verified_run(case, found) for case, found in zip(cases, blames(cases), strict=True)]
    verified[len(recorded) :] = (
        msgspec.structs.replace(each, recorded=False) for each in verified[len(recorded) :]
    )
    return Verification(
        image=conditions.image.identity,
        runs=tuple(verified),
        beacon=__version__,
        left_out=len(policy.replays_of(image)) - len(recorded),
        coverage=covered,
        uncontrolled=sum(bool(case.keys()) and not case.control for case in cases),
    )


def chosen(policy: Policy, image: str, *, quick: bool) -> list[Replay]:
    """The replays that verification of an image repeats; `quick`: in the default environment."""
    replays = policy.replays_of(image)
    return [each for each in replays if not (quick and each.environment.settings)]


def verified_run(case: Case, found: Blame) -> VerifiedRun:
    """The recorded run, repeated as the case says, and who is at fault."""
    last = case.enforced[-1]
    signalled = last.observation.signalled()
    found_intended = (intended(case.policy, case.replay, run) for run in case.enforced)
    wanted = next(filter(None, found_intended), ())
    return VerifiedRun(
        environment=last.environment,
        workload=last.workload,
        outcome=last.outcome,
        differences=found.policy + (suspects(last) if found.policy else ()),
        killed=sum(entry.killed for entry in signalled),
        trapped=sum(entry.trapped for entry in signalled),
        control_differences=found.control,
        unsteady=found.unsteady,
        intended=wanted,
        suffered=suffered(found.policy) if wanted else (),
        enforced=len(case.enforced),
        control=len(case.control),
        drove=last.driven,
    )
