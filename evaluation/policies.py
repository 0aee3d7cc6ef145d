"""Policies of the catalogue's profiles, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.data.cves import cves
from beacon.model.cve import Cve
from beacon.model.event import Event, Syscall, without_argument
from beacon.model.intent import PRESETS
from beacon.model.profile import Profile
from beacon.synthesis.exposure import exposures
from beacon.synthesis.intents import parse_intent
from beacon.synthesis.synthesize import synthesize

#: The version of Docker's default that images are compared with: that of Debian 12's engine, with
#: which `script/evaluate` runs them.
DOCKER = "20.10.24"
#: As intent files: the presets, and the first of them for the default environment alone.
INTENTS: Mapping[str, str] = {
    **{preset: f'preset = "{preset}"\n' for preset in PRESETS},
    "default environment": '[environments]\nignore = ["*"]\n',
}


def events(profile: Profile, intent: str) -> frozenset[Event]:
    """What the policy of an intent allows."""
    wanted = parse_intent(INTENTS[intent], intent)
    return synthesize(profile, wanted, allow_incomplete=True).events()


def by_name(allowed: frozenset[Event]) -> frozenset[Event]:
    """The same without a look at arguments."""
    return frozenset(map(without_argument, allowed))


def calls(allowed: frozenset[Event]) -> int:
    """How many system calls, by name."""
    return len({event.name for event in allowed if isinstance(event, Syscall)})


def counted() -> list[Cve]:
    """The CVEs to which a policy can make a difference."""
    return [cve for cve in cves() if cve.counts]


def stopped(allowed: frozenset[Event], among: list[Cve]) -> set[str]:
    """The CVEs that a policy stops."""
    return {each.cve.id for each in exposures(allowed, among) if each.stopped}


def stopped_by_docker(among: list[Cve], version: str) -> set[str]:
    """Those that a version of Docker's default profile and capabilities stop, as the data says."""
    return {cve.id for cve in among if cve.stopped_by_docker_default[version]}
