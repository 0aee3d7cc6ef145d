"""A profile, a policy and a verification with an attack on the page in every text."""

from __future__ import annotations

from typing import Any

import msgspec

from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.event import Abi, Capability, Syscall
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.verification import Verification
from beacon.page.subject import Subject
from beacon.synthesis.synthesize import synthesize
from unit.cli.stored import failed, stored_profile

#: Ends of elements and attributes, scripts, and what moves a cursor or reorders text.
ATTACK = (
    "</code></script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "\"'` onload=alert(2) &lt;!-- --> ]]> ${7*7} {{7*7}} \x1b[2J\u202e\u2066evil\u2028\0"
)
#: A part of it as a reader sees it.
SHOWN = "</code></script><script>document.title='owned'</script>"
#: Fields whose texts decide how a document is read; an attack there is refused before.
_KEPT = frozenset(
    {
        *("architecture", "argument", "environment", "environments", "launch"),
        *("protocol", "scripts", "surroundings", "seal", "transport"),
    }
)


def hostile_profile() -> Profile:
    """Every text that is free is an attack, after what it was."""
    made: Profile = _attacked(stored_profile())
    (init,) = made.surroundings.dimensions
    dimension = msgspec.structs.replace(init, name=ATTACK, values={ATTACK: init.values["yes"]})
    runs = [
        msgspec.structs.replace(run, observation=_with_attack_names(run.observation))
        for run in made.runs
    ]
    environment = Environment.of(((ATTACK, ATTACK),))
    varied = msgspec.structs.replace(runs[-1], environment=environment)
    return msgspec.structs.replace(
        made,
        runs=(*runs, varied),
        surroundings=EnvironmentSpace((init, dimension)),
    )


def hostile_subject() -> Subject:
    """All that a page can be about."""
    profile = hostile_profile()
    policy: Policy = _attacked(synthesize(profile, PRESETS["balanced"], allow_incomplete=True))
    verification: Verification = _attacked(failed(policy))
    return Subject(
        name=ATTACK,
        profile_name=ATTACK,
        profile=profile,
        policy=policy,
        verification=verification,
    )


def _with_attack_names(observation: Any) -> Any:
    """A call and a capability that no kernel has."""
    calls, rights = observation.syscalls, observation.capabilities
    call = msgspec.structs.replace(calls[0], call=Syscall(ATTACK), classes=())
    right = tuple(
        msgspec.structs.replace(each, capability=Capability(ATTACK)) for each in rights[:1]
    )
    return msgspec.structs.replace(
        observation, syscalls=(*calls, call), capabilities=(*rights, *right)
    )


def _attacked(value: Any) -> Any:
    """The same with the attack behind each text of a field that may hold any."""
    if isinstance(value, Syscall | Capability | Abi):
        return value
    if isinstance(value, msgspec.Struct):
        changed = {
            name: _attacked(old)
            for name in value.__struct_fields__
            if name not in _KEPT and (old := getattr(value, name)) is not None
        }
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(_attacked(each) for each in value)
    return value + ATTACK if type(value) is str else value
