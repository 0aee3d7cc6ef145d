"""Policies of the catalogue's profiles, and what they are compared with."""

from __future__ import annotations

from beacon.data.cves import cves
from beacon.model.cve import Cve
from beacon.model.event import Event, Syscall, whole
from beacon.model.intent import PRESETS
from beacon.model.profile import Profile
from beacon.synthesis.exposure import exposures
from beacon.synthesis.synthesize import synthesize


def events(profile: Profile, preset: str) -> frozenset[Event]:
    """What the policy of a preset allows."""
    return synthesize(profile, PRESETS[preset], insist=True).events()


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
