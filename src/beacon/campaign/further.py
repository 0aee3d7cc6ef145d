"""Workloads that nobody recorded: what each does without the policy, to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from beacon.campaign.context import RunContext
from beacon.campaign.control import without_policy
from beacon.campaign.record import run_specs
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.environment import Environment
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending, Run
from beacon.synthesis.synthesize import replay
from beacon.workloads.discovery import scripts_of
from beacon.workloads.interface import Workload


class UselessWorkloadError(BeaconError):
    """A workload fails without the policy, so it would prove nothing of it."""

    exit_code = ExitCode.ENVIRONMENT


def record_now(
    context: RunContext,
    conditions: Conditions,
    policy: Policy,
    workloads: Sequence[Workload],
    reporter: Reporter,
    jobs: int,
) -> list[Replay]:
    """Run each without the policy in the default environment, as a replay of what it did.

    UsageError for a job, which nothing drives; UselessWorkloadError.
    """
    if workloads and policy.ends_by_itself():
        raise UsageError("Nothing drives a container that ends by itself: leave out --workload.")
    specs = [
        RunSpec(environment=Environment(), workload=workload, control=True)
        for workload in workloads
    ]
    reporter.planned(len(specs))
    run_one = partial(run_once, context, without_policy(conditions, policy))
    runs = run_specs(context, run_one, specs, reporter, jobs)
    for workload, run in zip(workloads, runs, strict=True):
        _check(workload, run)
    return [replay((run,), run.outcome.checks) for run in runs]


def _check(workload: Workload, run: Run) -> None:
    """A service need not support each check of a known workload; a script means all of its own."""
    failed = [check for check in run.outcome.checks if not check.passed]
    proves = run.outcome.ending is Ending.SERVED and len(failed) < len(run.outcome.checks)
    if not proves or (failed and scripts_of(workload)):
        check = f"{failed[0].name}: {failed[0].detail or 'no detail'}" if failed else "no checks"
        reason = check if run.outcome.ending is Ending.SERVED else str(run.outcome.ending)
        raise UselessWorkloadError(
            f"The workload {workload.name} fails without the policy as well ({reason}): see to "
            "it, or to what the container depends on, and verify again."
        )
