"""Whose calls the reserve holds: what each scope of reach adds, opens and still lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

import msgspec

from beacon.model.event import Event
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.synthesis.coverage import covers
from beacon.synthesis.synthesize import synthesize
from policies import calls, counted, stopped

HEADS = ("reserve", "reach", "events lacking", "images that lack none", "calls", "CVEs stopped")


def rows(profiles: Sequence[Profile]) -> Iterator[list[str]]:
    """For each reserve and scope, averages over the images.

    The policy comes from the runs without a workload; an event that it lacks is one that the
    workload's run used.
    """
    kinds = [(Reserve.NONE, Scope.RUN)]
    kinds += [
        (reserve, scope) for reserve in (Reserve.HARMLESS, Reserve.REACHABLE) for scope in Scope
    ]
    for reserve, scope in kinds:
        found = [_policy(each, reserve, scope) for each in profiles]
        lacking = [_lacking(p, each) for p, each in zip(found, profiles, strict=True)]
        yield [
            reserve.value,
            "-" if reserve is Reserve.NONE else scope.value,
            f"{mean(lacking):.1f}",
            f"{lacking.count(0)} of {len(lacking)}",
            f"{mean(calls(each.events()) for each in found):.1f}",
            f"{mean(len(stopped(each.events(), counted())) for each in found):.1f}",
        ]


def undriven(recorded: Profile) -> Profile:
    """The profile of the runs without a workload alone."""
    alone = tuple(run for run in recorded.runs if not run.kind.driven)
    return msgspec.structs.replace(recorded, runs=alone)


def _policy(recorded: Profile, reserve: Reserve, scope: Scope) -> Policy:
    intent = msgspec.structs.replace(PRESETS["availability"], reserve=reserve, reach=scope)
    return synthesize(undriven(recorded), intent, allow_incomplete=True)


def _lacking(policy: Policy, recorded: Profile) -> int:
    allowed = policy.events()

    def is_allowed(event: Event) -> bool:
        return event in allowed or any(covers(each, event, policy.abis) for each in allowed)

    used = synthesize(recorded, Intent(), allow_incomplete=True).events()
    return sum(not is_allowed(event) for event in used)
