"""Policies of the catalogue's profiles, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.data.cves import cves
from beacon.model.cve import Cve
from beacon.model.event import Event, Syscall, whole
from beacon.model.intent import PRESETS
from beacon.model.profile import Profile
from beacon.synthesis.exposure import exposures
from beacon.synthesis.intents import parse_intent
from beacon.synthesis.synthesize import synthesize

#: As intent files: the presets, and the first of them for the default environment alone.
INTENTS: Mapping[str, str] = {
    **{preset: f'preset = "{preset}"\n' for preset in PRESETS},
    "default environment": '[environments]\nignore = ["*"]\n',
}


def events(profile: Profile, intent: str) -> frozenset[Event]:
    """What the policy of an intent allows."""
    wanted = parse_intent(INTENTS[intent], intent)
    return synthesize(profile, wanted, insist=True).events()


def by_name(allowed: frozenset[Event]) -> frozenset[Event]:
    """The same without a look at arguments."""
    return frozenset(map(whole, allowed))


def calls(allowed: frozenset[Event]) -> int:
    """How many system calls, by name."""
    return len({event.name for event in allowed if isinstance(event, Syscall)})


def counted() -> list[Cve]:
    """The CVEs that a policy can stop at all."""
    return [cve for cve in cves() if not cve.control]


def stopped(allowed: frozenset[Event], among: list[Cve]) -> set[str]:
    """The CVEs that a policy stops."""
    return {each.cve.id for each in exposures(allowed, among) if each.stopped}


def stopped_by_docker(among: list[Cve]) -> set[str]:
    """Those that Docker's default profile and capabilities stop, as the data says."""
    return {cve.id for cve in among if cve.mitigated_by_docker_default}
