"""Runs an environment under the policy without what it alone used: does the lack matter?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.enforced import enforcement
from beacon.campaign.run import Conditions
from beacon.campaign.series import Series
from beacon.campaign.verify import verify_runs
from beacon.model.event import Event
from beacon.model.policy import Policy
from beacon.model.recall import Lacking
from beacon.model.verification import LeftOut
from beacon.synthesis.coverage import lets_through
from beacon.synthesis.entries import with_entries
from beacon.workloads.interface import Workload


def verify_left_out(
    context: RunContext,
    conditions: Conditions,
    policy: Policy,
    find_workload: Callable[[str], Workload],
    reporter: Series,
    jobs: int,
) -> tuple[LeftOut, ...]:
    """Repeat the runs of each environment that lacks something when it is left out."""
    found = []
    for each in policy.recall.lacking if policy.recall else ():
        reporter.follow()
        narrowed = without(policy, each)
        limited = replace(conditions, enforcement=enforcement(narrowed))
        verified = verify_runs(context, limited, narrowed, find_workload, reporter, jobs)
        found.append(LeftOut(each.environment, each.events, verified.runs))
    return tuple(found)


def without(policy: Policy, lacking: Lacking) -> Policy:
    """The policy that lacks this, with the runs of its environment alone."""

    def kept(event: Event) -> bool:
        return not any(lets_through((event,), each) for each in lacking.events)

    entries = [each for each in policy.entries if not each.allowed or kept(each.event)]
    replays = tuple(each for each in policy.replays if each.environment == lacking.environment)
    return msgspec.structs.replace(with_entries(policy, entries), replays=replays)
