"""Words that several commands have for a run."""

from __future__ import annotations

from beacon.model.profile import Profile
from beacon.model.run import Ending
from beacon.model.support import some
from beacon.workloads.none import NoWorkload


def ending(workload: str, how: Ending) -> str:
    """How a run ended; one that nothing drove has only `started`, however well it ended."""
    return "started" if workload == NoWorkload.name and how is Ending.SERVED else str(how)


def not_supported(profile: Profile) -> str | None:
    """`19 of 117 checks not supported: a, b, c and 16 more (--json)`; None if all are."""
    names, tried = profile.unsupported()
    return f"{len(names)} of {tried} checks not supported: {some(names)}" if names else None
