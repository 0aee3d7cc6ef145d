"""Capabilities that a container has only because an environment gave them to it."""

from __future__ import annotations

from collections.abc import Iterable

from beacon.model.environment import Surroundings
from beacon.model.event import Capability
from beacon.model.intent import Intent
from beacon.model.run import Run


def lent(runs: Iterable[Run], surroundings: Surroundings, intent: Intent) -> frozenset[Capability]:
    """Those used only where the environment itself adds them.

    Nobody has them without `--cap-add`, so a policy that granted them would be wider than no
    policy. Environments that matter to the user are ones in which the container shall work.
    """
    given: set[Capability] = set()
    own: set[Capability] = set()
    for run in runs:
        used = {check.capability for check in run.observation.capabilities if check.needed}
        matters = intent.matters(run.environment)
        here = frozenset() if matters else surroundings.added_capabilities(run.environment)
        theirs = {each for each in used if here & {each.name, "CAP_ALL"}}
        given |= theirs
        own |= used - theirs
    return frozenset(given - own)
