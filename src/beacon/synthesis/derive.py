"""From runs to entries: what a policy allows, without what explains and proves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from beacon.data.kernel import is_capability, is_syscall
from beacon.errors import NothingObservedError
from beacon.model.ablation import Ablation
from beacon.model.cve import Cve
from beacon.model.entry import Entry
from beacon.model.event import Event, Syscall
from beacon.model.intent import Intent
from beacon.model.observation import Use
from beacon.model.profile import Profile
from beacon.model.run import Run
from beacon.synthesis.decide import decide
from beacon.synthesis.reserve import within_reach
from beacon.synthesis.runtime_floor import Needed
from beacon.synthesis.unasked import without_unasked
from beacon.synthesis.withheld import withheld

#: What used each event: the run's name, and how.
Uses = Mapping[Event, Sequence[tuple[str, Use]]]


def derive(
    profile: Profile,
    runs: Sequence[Run],
    intent: Intent,
    floor: Needed,
    known: Sequence[Cve],
    ablation: Ablation | None = None,
) -> list[Entry]:
    """The entries of what these runs of the profile used or imply, and of what is within reach.

    The runs have today's names of argument classes (current_names.py). `floor` is what the
    container runtimes need, `known` the vulnerabilities that count, `ablation` the profile's.
    """
    decided = decide(runs, intent, known, withheld(runs, profile, intent), floor.calls, ablation)
    named = [each for each in decided if filterable(each.event)]
    seen = without_unasked(named, uses_of(runs), intent)
    refused = frozenset(call for run in runs for call in run.observation.refused())
    reach = within_reach(seen, profile.reach, intent, profile.launch, known, refused)
    return [*seen, *reach]


def counted_runs(profile: Profile, intent: Intent) -> list[Run]:
    """The runs that are evidence for the intent; NothingObservedError without one that matters."""
    ready = profile.ready_runs()
    if not ready:
        raise NothingObservedError(
            "No run of this profile became ready, so no policy would be known to start: "
            "profile the image again."
        )
    runs = [run for run in ready if not intent.ignores(run.environment)]
    if not any(intent.matters(run.environment) for run in runs):
        raise NothingObservedError(
            "No run that this intent counts became ready, so no policy would be known to start: "
            "remove entries from `ignore`."
        )
    return runs


def filterable(event: Event) -> bool:
    """A number without a name cannot be filtered by name; no such call exists to be needed."""
    known = is_syscall if isinstance(event, Syscall) else is_capability
    return known(event.name)


def uses_of(runs: Iterable[Run]) -> Uses:
    """What used each event in these runs."""
    found: dict[Event, list[tuple[str, Use]]] = defaultdict(list)
    for run in runs:
        name = run.name
        for use in run.observation.uses():
            found[use.event].append((name, use))
    return found
