"""Why an event is, or is not, in a policy."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict, replace

from beacon.data.runtimes import Table, shipped
from beacon.model.cve import Cve
from beacon.model.entry import Basis, Entry, Evidence
from beacon.model.event import Capability, Event, Syscall
from beacon.model.intent import Intent
from beacon.model.origin import Origin
from beacon.model.policy import Policy
from beacon.model.score import Reason, Score
from beacon.scoring.security import SecurityScorer
from beacon.synthesis.coverage import covers
from beacon.synthesis.denial import denied_with
from beacon.synthesis.exposure import exposures
from beacon.synthesis.runtime_floor import makers


class Explanation(Entry, frozen=True, kw_only=True):
    """All that is known of one event in one policy.

    `opened`: ids of the CVEs that would be stopped without it. `runtimes`: the container runtimes
    of the policy that make it themselves before the entry point. `denied_with` is what a caller
    gets (or would get) when it is denied. `healed` is when `verify --heal` added it (UTC,
    RFC 3339). `origins`: where the runs of a merged profile that used it come from.
    """

    opened: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    denied_with: str = ""
    healed: str | None = None
    origins: tuple[Origin, ...] = ()


_UNSEEN = Score(0.0, (Reason(0.0, "no run that the intent counts used it"),))


def explain(
    policy: Policy, event: Event, cves: Sequence[Cve], runtimes: Table | None = None
) -> list[Explanation]:
    """One explanation for the event, or for each argument class of a call that is named whole.

    `runtimes` are the measured container runtimes, by default those of the package alone.
    """
    all_known = known(policy)
    found = [each for each in all_known if _is(each.event, event)]
    if not any(each.allowed for each in found):
        by_others = [e for e in all_known if e.allowed and covers(e.event, event, policy.abis)]
        found = by_others or found or [_unknown(event, policy.intent)]
    return [
        Explanation(
            **asdict(replace(each, security=_security(policy, each, cves))),
            opened=_opened(policy, each.event, cves),
            denied_with=_denial(policy, each.event),
            runtimes=makers(policy, each.event, runtimes or shipped()),
            healed=_healed(policy, each.event),
            origins=_origins(policy, each.evidence),
        )
        for each in found
    ]


def _is(event: Event, asked: Event) -> bool:
    if isinstance(event, Syscall) and isinstance(asked, Syscall) and asked.argument is None:
        return (event.abi, event.name) == (asked.abi, asked.name)
    return event == asked


def known(policy: Policy) -> list[Entry]:
    """What the policy itself says, of each event once.

    Nothing of a call that is within reach and allowed by some classes: these have their own.
    """
    return [each for each in policy.entries if each.allowed or not each.allowed_classes]


def _unknown(event: Event, intent: Intent) -> Entry:
    where = "a run that the intent counts" if intent.ignore else "the profile"
    because = f"neither seen in {where} nor inferred from it"
    if intent.pin(event) is False:
        because = f"pinned: always denied; {because}"
    return Entry(
        event=event, allowed=False, because=because, basis=Basis.NAMED, functionality=_UNSEEN
    )


def _security(policy: Policy, found: Entry, cves: Sequence[Cve]) -> Score:
    """The score that decided; of what nobody weighed, what its denial buys as things are."""
    if found.allowed or found.security.reasons:
        return found.security
    allowed = policy.events()
    return SecurityScorer(cves, allowed | {found.event}).score(found.event, allowed)


def _opened(policy: Policy, event: Event, cves: Sequence[Cve]) -> tuple[str, ...]:
    """The CVEs that are open with the event and stopped without it."""
    others = policy.events() - {event}
    with_it, without = exposures(others | {event}, cves), exposures(others, cves)
    stopped = {each.cve.id for each in without if each.stopped}
    still_open = (each.cve.id for each in with_it if not each.stopped)
    return tuple(name for name in still_open if name in stopped)


def _healed(policy: Policy, event: Event) -> str | None:
    """When it was added last."""
    times = [each.at for each in policy.healed if event in each.events]
    return times[-1] if times else None


def _origins(policy: Policy, evidence: Evidence) -> tuple[Origin, ...]:
    used = set(evidence.runs)
    return tuple(each.origin for each in policy.recorded if not used.isdisjoint(each.runs))


def _denial(policy: Policy, event: Event) -> str:
    if isinstance(event, Capability):
        return "whatever the kernel answers without the capability, mostly EPERM"
    return denied_with(policy, event)
