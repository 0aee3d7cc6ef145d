"""Starts a container again and again under its policy: what comes by chance shows in some."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from beacon.campaign.compare import denied
from beacon.campaign.context import RunContext
from beacon.campaign.control import without_policy
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.campaign.wording import last_words
from beacon.model.coverage import listed
from beacon.model.environment import Environment
from beacon.model.event import Phase
from beacon.model.listener import Listener, own_ports
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending, Run
from beacon.model.verification import Difference, Starts
from beacon.workloads.none import NoWorkload

#: How often, unless the user says: a failure of one start in seven is missed once in twenty times.
STARTS = 20
#: After so many failures the rest would tell nothing more, and each may last for minutes.
_ENOUGH = 3
#: Seconds that a container without a port has to live. What fails by chance fails before its entry
#: point runs.
_ALIVE = 0.5
_SHOWN = 300  # characters of a reason


def start_again(
    context: RunContext,
    conditions: Conditions,
    policy: Policy,
    count: int,
    jobs: int,
    kept: list[Run] | None = None,
) -> Starts | None:
    """Start the container so often in the default environment, `jobs` at a time, and kill it.

    A start is good when the container comes as far as it did when recorded. After three bad ones
    none is begun any more. Where some are bad or denied something, it is started without the policy
    as well. None for no starts, and where no run in the default environment was recorded. Each
    start under `conditions` is added to `kept`.
    """
    recorded = _recorded(policy)
    if not count or recorded is None:
        return None
    jobs = min(jobs, 2 * (os.cpu_count() or 1))
    runs, found = _starts(context, conditions, policy, recorded, count, jobs)
    if kept is not None:
        kept += runs
    if found.passed:
        return found
    _, control = _starts(context, without_policy(conditions, policy), policy, recorded, count, jobs)
    return msgspec.structs.replace(found, control=control)


def _starts(
    context: RunContext,
    conditions: Conditions,
    policy: Policy,
    recorded: Replay,
    count: int,
    jobs: int,
) -> tuple[list[Run], Starts]:
    short = _shortened(conditions, jobs)
    bad: list[Run] = []

    def start(_: int) -> Run | None:
        if len(bad) >= _ENOUGH:
            return None
        run = run_once(context, short, RunSpec(environment=Environment(), workload=NoWorkload()))
        if not _is_good(recorded, run) or _missing(short, run):
            bad.append(run)
        return run

    started = context.in_parallel(start, range(count), jobs)
    runs = [_until_killed(run) for run in started if run is not None]
    differences = _merged([denied(policy, run) for run in runs])
    reasons = tuple(dict.fromkeys(_reason(short, run) for run in bad))
    return runs, Starts(count=len(runs), failed=len(bad), reasons=reasons, differences=differences)


def _recorded(policy: Policy) -> Replay | None:
    """The run in the default environment, without a workload if there is such a one."""
    default = [each for each in policy.replays if not each.environment.settings]
    alone = (each for each in default if not each.kind.driven)
    return next(alone, default[0] if default else None)


def _shortened(conditions: Conditions, jobs: int) -> Conditions:
    launch = conditions.launch
    launch = msgspec.structs.replace(
        launch,
        ready_after=min(launch.ready_after, _ALIVE),
        ready_timeout=launch.ready_timeout * jobs,  # so many start on the same processors
        stop_timeout=None,
        # Any other would come at a moment that no recording has: before the program handles it.
        stop_signal="SIGKILL",
    )
    return replace(conditions, launch=launch, ends=False, settle=0.0, grace=0.0)


def _until_killed(run: Run) -> Run:
    """Without what others do of a killed first process before the kernel has come to them.

    Its files are closed before that: whoever holds the other end of a pipe or a socket may see it,
    in a moment that no proper stop has.
    """
    seen = run.observation
    observation = msgspec.structs.replace(
        seen,
        syscalls=tuple(each for each in seen.syscalls if each.phase is not Phase.SHUTDOWN),
        capabilities=tuple(each for each in seen.capabilities if each.phase is not Phase.SHUTDOWN),
    )
    return msgspec.structs.replace(run, observation=observation)


def _is_good(recorded: Replay, run: Run) -> bool:
    """Whether it came as far; one that ends by itself later may still have been alive."""
    outcome = run.outcome
    if outcome.ending is Ending.SERVED:
        return True
    return outcome.ending is recorded.ending and outcome.exit_code == recorded.exit_code


def _missing(conditions: Conditions, run: Run) -> tuple[int, ...]:
    """The ports that nobody else awaited, and that it did not open."""
    if conditions.image.ports or run.outcome.ending is not Ending.SERVED:
        return ()
    return tuple(sorted({*conditions.listens} - {*own_ports(run.listeners)}))


def _reason(conditions: Conditions, run: Run) -> str:
    outcome = run.outcome
    if missing := _missing(conditions, run):
        return f"it does not listen on {listed([Listener(port) for port in missing])}"
    return f"{outcome.ending}: {last_words(outcome)[:_SHOWN]}"


def _merged(found: Iterable[Sequence[Difference]]) -> tuple[Difference, ...]:
    """Each difference once, with the first one's detail."""
    merged: dict[tuple[str, str], tuple[Difference, int]] = {}
    for each in (difference for differences in found for difference in differences):
        first, times = merged.get((each.kind, each.name), (each, 0))
        merged[each.kind, each.name] = (first, times + 1)
    return tuple(
        msgspec.structs.replace(first, detail=f"in {times} starts, first: {first.detail}")
        for first, times in merged.values()
    )
