"""Whether the whole is there that a container was recorded as a part of: a stack, or a Pod."""

from __future__ import annotations

from beacon.campaign.pod_life import check_pod
from beacon.campaign.stack_stage import COMMAND
from beacon.compose.interface import Stack
from beacon.errors import UsageError
from beacon.model.launch import MadeNetwork
from beacon.model.policy import Policy
from beacon.pod.interface import Pod


def check_whole(policy: Policy, stack: Stack | None, pod: Pod | None) -> str | None:
    """The service of the stack that the policy is for; UsageError where it cannot run alone."""
    if any(replay.workload == COMMAND for replay in policy.replays):
        raise UsageError(
            "This policy was recorded while a command drove its whole stack: verify it with "
            "`beacon record --compose FILE --policies DIR -- COMMAND`."
        )
    check_pod(policy.launch, pod)
    if policy.launch.network != MadeNetwork.STACK:
        return None
    if stack is None:
        raise UsageError(
            "This policy was recorded as a service of a stack: name its file with --compose."
        )
    return next(iter(policy.launch.network_alias), None)
