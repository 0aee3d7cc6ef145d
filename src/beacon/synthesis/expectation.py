"""What a policy's runs are compared with when another image is run: what that image does itself."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from beacon.model.policy import Policy, Replay
from beacon.model.run import Run
from beacon.synthesis.synthesize import replay


def expecting(policy: Policy, image: str, runs: Iterable[tuple[Replay, Run]]) -> Policy:
    """The policy with what an image came to without it in the place of what was recorded.

    An update may well answer otherwise: it is compared with itself. Runs that did not become ready
    say nothing, so there the recording stays; as it does for an image that was recorded.
    """
    if image in policy.image_ids():
        return policy
    fresh = {id(recorded): _as_now(recorded, run) for recorded, run in runs if run.outcome.ready}
    replays = (fresh.get(id(each), each) for each in policy.replays)
    return msgspec.structs.replace(policy, replays=tuple(replays))


def _as_now(recorded: Replay, run: Run) -> Replay:
    """A value that was another in each recorded run is not compared now either."""
    unsteady = {check.name for check in recorded.checks if check.passed and check.value is None}
    checks = tuple(
        msgspec.structs.replace(check, value=None) if check.name in unsteady else check
        for check in run.outcome.checks
    )
    made = replay((run,), checks, recorded.image)
    return msgspec.structs.replace(made, unsteady=recorded.unsteady)
