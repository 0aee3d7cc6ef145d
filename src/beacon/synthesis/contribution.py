"""What each origin of a merged profile adds to the others."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from beacon.model.event import Event, sort_key
from beacon.model.origin import Origin
from beacon.model.profile import Profile


class Contribution(msgspec.Struct, frozen=True):
    """How many runs and events came from one origin, and the events that came from no other."""

    origin: Origin
    runs: int
    events: int
    only: tuple[Event, ...]


def contributions(profile: Profile) -> tuple[Contribution, ...]:
    """That of each origin, in the profile's order; of the events, those of ready runs."""
    runs: Counter[Origin] = Counter()
    shown: dict[Origin, set[Event]] = defaultdict(set)
    for run in profile.runs:
        origin = run.origin or profile.origin()
        runs[origin] += 1
        if run.outcome.ready:
            shown[origin] |= run.observation.events()
    times = Counter(event for events in shown.values() for event in events)
    return tuple(
        Contribution(
            origin,
            runs[origin],
            len(shown[origin]),
            tuple(sorted((e for e in shown[origin] if times[e] == 1), key=sort_key)),
        )
        for origin in profile.origins()
    )
