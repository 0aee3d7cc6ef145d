"""What programs of an image can make, no run showed, and a policy denies."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.model.entry import Entry
from beacon.model.event import Syscall
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.synthesis.synthesize import synthesize

_SCOPES = {
    Scope.RUN: "the programs that ran",
    Scope.BESIDE: "with those beside them they",
    Scope.IMAGE: "all programs of the image",
}
_NAMED = 5
_REASONS = 3


def within_reach(profile: Profile) -> Iterator[str]:
    """How many calls the programs of each scope can make, how many of them a run showed.

    And the most dangerous of the others: what a policy of the preset `availability` denies.
    """
    if profile.reach is None or not profile.ready_runs():
        return
    used = {event.name for event in profile.events() if isinstance(event, Syscall)}
    for scope, words in _SCOPES.items():
        names = profile.reach.within(scope).keys()
        yield f"{words} can make {len(names)} calls: {_seen(len(names & used))}"
    policy = synthesize(profile, PRESETS["availability"], allow_incomplete=True)
    if worst := _riskiest(policy):
        yield f"no run showed, the riskiest first: {worst}"


def not_seen(policy: Policy) -> Iterator[str]:
    """Two lines: how many calls programs can make, and the most dangerous that are denied."""
    if policy.reach is None:
        yield "nobody analysed what the programs can call: profile again for a reserve"
        return
    yield policy.reach.sentence()
    if worst := _riskiest(policy):
        yield f"denied, the riskiest first: {worst}"


def _riskiest(policy: Policy) -> str | None:
    # Callers of those that get ENOSYS fall back, and miss nothing.
    worst = [
        each
        for each in by_risk(policy)
        if not each.allowed_classes and each.event.name not in policy.not_implemented
    ]
    if not worst:
        return None
    names = ", ".join(_named(each) for each in worst[:_NAMED])
    more = f" and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
    return f"{names}{more} (beacon explain DIR --unseen)"


def by_risk(policy: Policy) -> list[Entry]:
    """What is denied only since no run showed it, the riskiest first."""
    unseen = (each for each in policy.entries if each.unseen)
    return sorted(unseen, key=lambda each: (-each.security.value, str(each.event)))


def unseen_lines(policy: Policy) -> Iterator[str]:
    """All of them with their reasons, for a person."""
    yield from not_seen(policy)
    for each in by_risk(policy):
        classes = len(each.allowed_classes)
        allowed = f", but for {classes} argument classes" if classes else ""
        yield ""
        yield f"{each.event}: denied{allowed}; its denial buys {each.security.value:.2f}"
        for caller in each.callers:
            yield f"  can be made by {caller.words()}"
        for reason in each.security.reasons[:_REASONS]:
            yield f"  allowing it    {reason.weight:.2f} {reason.text}"
        if len(each.security.reasons) > _REASONS:
            yield f"                 and {len(each.security.reasons) - _REASONS} more"


def _seen(count: int) -> str:
    return f"{count} were seen" if count != 1 else "1 was seen"


def _named(each: Entry) -> str:
    program = each.callers[0].program if each.callers else None
    return str(each.event) + (f" ({program})" if program else "")
