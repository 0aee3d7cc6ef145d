"""Capabilities that a container used although its launch does not grant them."""

from __future__ import annotations

from collections.abc import Iterable

from beacon.data.capabilities import granted
from beacon.model.event import Capability
from beacon.model.intent import Intent
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.run import Run


def withheld(
    runs: Iterable[Run], document: Profile | Policy, intent: Intent
) -> frozenset[Capability]:
    """Those that no policy grants: it would be wider than no policy.

    Nobody has them without `--cap-add`: an environment added them, or a user namespace of its own.
    Environments that matter to the user are ones in which the container shall work.
    """
    used: set[Capability] = set()
    had: set[Capability] = set()
    for run in runs:
        here = {check.capability for check in run.observation.capabilities if check.needed}
        matters = intent.matters(run.environment)
        added = (
            document.surroundings.added_capabilities(run.environment) if matters else frozenset()
        )
        used |= here
        had |= {
            each
            for each in here
            if granted(document.launch, each.name) or added & {each.name, "CAP_ALL"}
        }
    return frozenset(used - had)
