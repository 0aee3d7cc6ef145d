"""What the policies of a page say of each event and of each CVE, each saying once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from beacon.data.cves import cves
from beacon.model.cve import Cve
from beacon.model.entry import Entry
from beacon.model.event import Capability, Event, sort_key
from beacon.model.intent import Intent
from beacon.model.policy import Policy
from beacon.model.score import Score
from beacon.synthesis.explain import known
from beacon.synthesis.exposure import Exposure, exposures

_SHOWN = 3  # reasons of a score
_ABSENT = "no run showed it, and the reserve of this intent does not have it"
STOPPED = "stopped"


class State(NamedTuple):
    """What one policy says of an event. `because` is None where the weights decided."""

    allowed: bool
    functionality: str
    security: str
    because: str | None
    use: str
    gain: str

    def reason(self, intent: Intent) -> str:
        """Why, in the words of `beacon explain`, with the weights of an intent."""
        if self.because is not None:
            return self.because
        sign = ">=" if self.allowed else "<"
        return (
            f"functionality {intent.functionality:g} * {self.functionality} {sign} "
            f"security {intent.security:g} * {self.security}"
        )


class Counts(NamedTuple):
    """The figures of a policy: calls by name, capabilities, and CVEs."""

    calls: int
    capabilities: int
    stopped: int
    open: int


class States:
    """Those of some policies, which are about the same runs."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies
        self._known = [_by_event(policy) for policy in policies]
        self._exposures = [exposures(policy.events(), cves()) for policy in policies]

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Whatever any of the policies says something of."""
        return tuple(sorted({event for known in self._known for event in known}, key=sort_key))

    @cached_property
    def cves(self) -> tuple[Cve, ...]:
        """Those that a policy can make a difference to, the worst first."""
        return tuple(each.cve for each in self._exposures[0])

    def entry(self, event: Event, number: int) -> Entry:
        """Who used it: as this policy says, or another where it says nothing."""
        known = (self._known[number], *self._known)
        return next(each[event] for each in known if event in each)

    def of_events(self, number: int) -> list[State]:
        """What a policy says of each event."""
        known, intent = self._known[number], self._policies[number].intent
        return [_state(known.get(event), intent) for event in self.events]

    def of_cves(self, number: int) -> list[str]:
        """Through what each CVE is open under a policy."""
        return [_through(each) for each in self._exposures[number]]

    def counts(self, number: int) -> Counts:
        """The figures of a policy."""
        policy, found = self._policies[number], self._exposures[number]
        stopped = sum(each.stopped for each in found)
        rights = sum(isinstance(event, Capability) for event in policy.events())
        return Counts(len(policy.names()), rights, stopped, len(found) - stopped)


def _by_event(policy: Policy) -> Mapping[Event, Entry]:
    return {each.event: each for each in known(policy)}


def _state(found: Entry | None, intent: Intent) -> State:
    if found is None:
        return State(False, "0.00", "0.00", _ABSENT, "", "")
    functionality, security = found.functionality, found.security
    # Not `weighed`: the scores of a capability that nothing needs any more decide nothing.
    by_weights = found.because == intent.weighing(functionality.value, security.value)
    return State(
        found.allowed,
        f"{functionality.value:.2f}",
        f"{security.value:.2f}",
        None if by_weights else found.because,
        "; ".join(filter(None, (found.source, _reasons(functionality)))),
        _reasons(security),
    )


def _reasons(score: Score) -> str:
    shown = [each.text for each in score.reasons[:_SHOWN]]
    if len(score.reasons) > _SHOWN:
        shown.append(f"and {len(score.reasons) - _SHOWN} more")
    return "; ".join(shown)


def _through(exposure: Exposure) -> str:
    return STOPPED if exposure.stopped else words(exposure.through)


def words(events: Iterable[Event]) -> str:
    """`unshare(CLONE_NEWUSER) + CAP_NET_RAW`."""
    return " + ".join(map(str, events))
