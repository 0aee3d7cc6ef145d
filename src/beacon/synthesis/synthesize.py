"""A profile and an intent become a policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

from beacon import __version__
from beacon.data.cves import cves
from beacon.data.runtimes import Table, shipped
from beacon.errors import UsageError
from beacon.model.ablation import Ablation
from beacon.model.coverage import coverage
from beacon.model.cve import Cve
from beacon.model.entry import Entry
from beacon.model.event import Event, sort_key
from beacon.model.intent import Intent
from beacon.model.listener import own_ports
from beacon.model.observation import Use
from beacon.model.origin import ImageIdentity, Origin
from beacon.model.policy import Policy, Recorded, Replay
from beacon.model.profile import Profile
from beacon.model.run import Check, Run
from beacon.model.support import compared, repeated, unsteady
from beacon.synthesis.architectures import architecture_recorded, on_native, on_others, others
from beacon.synthesis.current_names import with_current_names
from beacon.synthesis.derive import counted_runs, derive, filterable, uses_of
from beacon.synthesis.entries import with_entries, with_uses
from beacon.synthesis.intents import check_classes
from beacon.synthesis.pins import check_pins
from beacon.synthesis.reserve import summary
from beacon.synthesis.runtime_floor import needed

_PROBED = "every call of its ABI failed: a program only probes for it"


def synthesize(
    profile: Profile,
    intent: Intent | None = None,
    *,
    allow_incomplete: bool = False,
    runtimes: Table | None = None,
    known: Sequence[Cve] | None = None,
    ablation: Ablation | None = None,
) -> Policy:
    """Derive the policy; without an intent whatever was seen is allowed.

    `runtimes` are the measured container runtimes, by default those of the package alone; `known`
    are the vulnerabilities that count, by default all. `ablation` is the profile's, if there is
    one.
    NothingObservedError when no run that counts became ready: such a policy was never seen to
    start. UsageError for an incomplete profile, unless `allow_incomplete`, and for a runtime of the
    intent that nobody measured.
    """
    intent = intent or Intent()
    runs = with_current_names(counted_runs(profile, intent))
    groups = repeated(runs)
    uses = uses_of(runs)
    check_classes(uses)
    gaps = profile.gaps()
    if gaps and not allow_incomplete:
        raise UsageError(
            f"This profile is not complete ({gaps[0]}): profile again, or pass --incomplete."
        )
    floor = needed(profile.runtimes(), runs, intent, runtimes or shipped())
    recorded = architecture_recorded(profile.image)
    intent, floor = on_native(intent, floor, recorded)
    here = derive(profile, runs, intent, floor, cves() if known is None else known, ablation)
    decided = on_others(here, intent, others(intent, recorded))
    check_pins(intent, decided)
    probed = _probed(runs, {each.event for each in decided if not each.unseen})
    entries = [*(with_uses(each, uses.get(each.event, ())) for each in decided), *probed]
    policy = Policy(
        image=profile.image,
        launch=profile.launch,
        abis=(),
        entries=(),
        not_implemented=(),
        replays=tuple(
            replay(group, compared(groups, group), _other_image(profile, group)) for group in groups
        ),
        gaps=gaps,
        surroundings=profile.surroundings,
        intent=intent,
        beacon=__version__,
        script=profile.script,
        scripts=profile.scripts,
        runtimes=floor.runtimes,
        engines=profile.engines(),
        coverage=coverage(runs, profile.surroundings),
        reach=summary(decided, profile.reach, intent, frozenset(uses)),
        recall=profile.recall,
        recorded=tuple(_recorded(runs)),
    )
    return with_entries(policy, entries)


def _probed(runs: Iterable[Run], decided: Set[Event]) -> Iterator[Entry]:
    """The calls of ABIs that a program only probes: they open no ABI."""
    found: dict[Event, list[tuple[str, Use]]] = defaultdict(list)
    for run in runs:
        for use in run.observation.probes():
            if use.event not in decided and filterable(use.event):
                found[use.event].append((run.name, use))
    for event, uses in sorted(found.items(), key=lambda item: sort_key(item[0])):
        yield with_uses(Entry(event=event, allowed=False, because=_PROBED), uses)


def _recorded(runs: Iterable[Run]) -> Iterator[Recorded]:
    """The names of the runs by their origin; nothing for a profile that is not merged."""
    found: dict[Origin, list[str]] = defaultdict(list)
    for run in runs:
        if run.origin is not None:
            found[run.origin].append(run.name)
    for origin, names in found.items():
        yield Recorded(origin, tuple(names))


def _other_image(profile: Profile, group: Sequence[Run]) -> ImageIdentity | None:
    """Their image, if it is not the profile's own."""
    origin = group[0].origin
    own = origin is None or origin.image.id == profile.image.id
    return None if own or origin is None else origin.image


def replay(
    group: Sequence[Run], checks: tuple[Check, ...], image: ImageIdentity | None = None
) -> Replay:
    """One run, or several of the same kind as one."""
    seen = [run.observation for run in group]
    first = group[0].outcome
    return Replay(
        environment=group[0].environment,
        workload=group[0].workload,
        ending=first.ending,
        exit_code=first.exit_code,
        checks=checks,
        denied=tuple(sorted({call for each in seen for call in each.denied()}, key=sort_key)),
        refused=tuple(
            sorted({c.capability.name for each in seen for c in each.capabilities if c.refused})
        ),
        signalled=tuple(
            sorted({entry.call for each in seen for entry in each.signalled()}, key=sort_key)
        ),
        unsteady=unsteady(group),
        image=image,
        listens=tuple(sorted(set.intersection(*({*own_ports(run.listeners)} for run in group)))),
    )
