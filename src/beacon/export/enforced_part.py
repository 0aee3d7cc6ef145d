"""The part of a policy that files which somebody narrowed still allow."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from beacon.data.arguments import conditions
from beacon.export.cubes import Cube, Steps, difference, masked, together
from beacon.export.oci_profile import Profile, read_profile
from beacon.export.seccomp import ARCHITECTURES
from beacon.model.event import Syscall
from beacon.model.launch import strip_cap_prefix
from beacon.model.policy import Policy


def enforced_part(policy: Policy, seccomp: str, capabilities: Collection[str]) -> Policy:
    """The policy without what this profile and these capabilities deny.

    UnreadableProfileError, TooComplexError: both ValueErrors, for what BeaCon did not write.
    """
    profile, steps = read_profile(seccomp), Steps()
    granted = {strip_cap_prefix(name) for name in capabilities}
    calls = (each for each in policy.syscalls if _lets_through(profile, each.call, steps))
    rights = (
        each
        for each in policy.capabilities
        # What the launch takes away, no file grants: another environment may have it.
        if strip_cap_prefix(each.name) in granted or policy.launch.takes_away(each.name)
    )
    return msgspec.structs.replace(policy, syscalls=tuple(calls), capabilities=tuple(rights))


def _lets_through(profile: Profile, call: Syscall, steps: Steps) -> bool:
    """Whether it may be made with all the arguments that its class stands for."""
    if ARCHITECTURES[call.abi] not in profile.architectures:
        return False
    left = difference(_cubes(call), profile.ruling(call.name).permitted(steps), steps)
    return next(left, None) is None


def _cubes(call: Syscall) -> list[Cube]:
    if call.argument is None:
        return [together(())]
    return [
        together(masked(each.index, each.mask, each.value) for each in rule)
        for rule in conditions(call.name, [call.argument])
    ]
