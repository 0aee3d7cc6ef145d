"""The part of a policy that files which somebody narrowed still allow."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from beacon.data.arguments import conditions
from beacon.export.cubes import Cube, Steps, difference, masked, together
from beacon.export.oci_profile import Profile, read_profile
from beacon.export.seccomp import ARCHITECTURES
from beacon.model.event import Event, Syscall
from beacon.model.launch import strip_cap_prefix
from beacon.model.policy import Policy


def enforced_part(policy: Policy, seccomp: str, capabilities: Collection[str]) -> Policy:
    """The policy without what this profile and these capabilities deny.

    UnreadableProfileError, TooComplexError: both ValueErrors, for what BeaCon did not write.
    """
    profile, steps = read_profile(seccomp), Steps()
    granted = {strip_cap_prefix(name) for name in capabilities}

    def kept(event: Event) -> bool:
        if isinstance(event, Syscall):
            return _lets_through(profile, event, steps)
        # What the launch takes away, no file grants: another environment may have it.
        return strip_cap_prefix(event.name) in granted or policy.launch.takes_away(event.name)

    entries = tuple(each for each in policy.entries if not each.allowed or kept(each.event))
    return msgspec.structs.replace(policy, entries=entries)


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
