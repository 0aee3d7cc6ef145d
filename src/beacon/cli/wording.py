"""Words that several commands have for a run."""

from __future__ import annotations

from beacon.model.run import Ending
from beacon.workloads.none import NoWorkload


def ending(workload: str, how: Ending) -> str:
    """How a run ended; one that nothing drove has only `started`, however well it ended."""
    return "started" if workload == NoWorkload.name and how is Ending.SERVED else str(how)
