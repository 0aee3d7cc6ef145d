"""Proves a policy: every recorded run again under it, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from beacon import __version__
from beacon.campaign.cell import Cell, Conditions, run_cell
from beacon.campaign.compare import compare
from beacon.campaign.lab import Lab
from beacon.campaign.record import run_cells
from beacon.campaign.reporter import Reporter
from beacon.model.coverage import coverage
from beacon.model.policy import Policy, Replay
from beacon.model.run import Run
from beacon.model.verification import DifferenceKind, Verification, VerifiedRun
from beacon.workloads.interface import Workload


def verify(
    lab: Lab,
    conditions: Conditions,
    policy: Policy,
    find_workload: Callable[[str], Workload],
    reporter: Reporter,
    jobs: int,
    *,
    quick: bool = False,
) -> Verification:
    """Run every replay of the policy under `conditions.enforcement` and compare.

    `quick`: only those in the default environment.
    """
    replays = chosen(policy, quick=quick)
    cells = [Cell(replay.environment, find_workload(replay.workload)) for replay in replays]
    reporter.planned(len(cells))
    enforced = partial(run_cell, lab, conditions)
    runs = run_cells(lab, enforced, cells, reporter, jobs)
    covered = coverage(runs, policy.surroundings)
    verified = [_verified(policy, *pair) for pair in zip(replays, runs, strict=True)]
    doubtful = [n for n, each in enumerate(verified) if _may_be_chance(each)]
    reporter.planned(len(cells) + len(doubtful))
    again = run_cells(lab, enforced, [cells[n] for n in doubtful], reporter, 1)
    for number, run in zip(doubtful, again, strict=True):
        verified[number] = msgspec.structs.replace(
            _verified(policy, replays[number], run), at_first=verified[number].differences
        )
    left_out = len(policy.replays) - len(replays)
    return Verification(policy.image, tuple(verified), __version__, left_out, coverage=covered)


def _verified(policy: Policy, replay: Replay, run: Run) -> VerifiedRun:
    signalled = run.observation.signalled()
    return VerifiedRun(
        run.environment,
        run.workload,
        run.outcome,
        compare(policy, replay, run),
        killed=sum(entry.killed for entry in signalled),
        trapped=sum(entry.trapped for entry in signalled),
    )


def chosen(policy: Policy, *, quick: bool) -> list[Replay]:
    """The replays that verification repeats; `quick`: those in the default environment."""
    return [each for each in policy.replays if not (quick and each.environment.settings)]


def _may_be_chance(run: VerifiedRun) -> bool:
    """Whether it differs with nothing denied; in the default environment only in its checks.

    A restart under load ends in another moment each time, and a service on a busy host answers
    late; such a run is repeated once, alone. What the policy denies is never chance.
    """
    kinds = {difference.kind for difference in run.differences}
    if not run.environment.settings:
        return kinds == {DifferenceKind.CHECK}
    return bool(kinds) and kinds <= {DifferenceKind.CHECK, DifferenceKind.ENDING}
