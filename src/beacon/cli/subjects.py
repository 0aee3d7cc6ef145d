"""Reads from directories what pages are about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from beacon.campaign.enforced import read_enforced
from beacon.cli.edited import edits_of
from beacon.errors import UsageError
from beacon.model.files import (
    POLICY_FILE,
    PROFILE_FILE,
    VERIFICATION_FILE,
    load_ablation,
    load_profile,
    load_verification,
)
from beacon.model.verification import Verification
from beacon.page.subject import Subject
from beacon.synthesis.load import has, nothing_in, written_policy


def joined(found: Sequence[Subject]) -> list[Subject]:
    """The subjects, each policy with the profile of the same image and options, if there is one."""
    made: list[Subject] = []
    used: list[Subject] = []
    for each in found:
        other = next((other for other in found if _belong(each, other)), None)
        if other is None:
            made.append(each)
        else:
            used.append(other)
            made.append(_with_profile(each, other))
    return [each for each in made if not any(each is other for other in used)]


def _belong(one: Subject, other: Subject) -> bool:
    """Whether the one is a policy alone, and the other a profile alone that it may be from."""
    alone = one.profile is None and other.policy is None
    return alone and one.image.id == other.image.id and one.launch == other.launch


def _with_profile(policy: Subject, other: Subject) -> Subject:
    return replace(
        policy,
        profile_name=other.profile_name,
        profile=other.profile,
        ablation=other.ablation,
    )


def read_subject(place: Path, name: str | None = None) -> Subject:
    """Whatever lies in a directory, which pages call by its own name if none is given."""
    if name is None:
        # Unlike Path.resolve it takes links that lead in a circle.
        name = Path(os.path.realpath(place)).name or str(place)
    subject = Subject(name)
    if has(place, PROFILE_FILE):
        profile = load_profile(place)
        ablation = load_ablation(place, profile)
        subject = replace(subject, profile_name=name, profile=profile, ablation=ablation)
    if has(place, POLICY_FILE):
        policy = written_policy(place)
        verified = load_verification(place) if has(place, VERIFICATION_FILE) else None
        files = edits_of(policy, place)
        subject = replace(
            subject,
            policy=policy,
            verification=verified,
            outdated=verified is not None and _is_outdated(verified, place),
            files=files,
        )
    if subject.profile is None and subject.policy is None:
        raise nothing_in(place)
    return subject


def _is_outdated(verification: Verification, place: Path) -> bool:
    """Whether what was proven are not the files that are enforced from there now."""
    if verification.certificate is None:  # nothing was run, or an older BeaCon verified
        return False
    try:
        return read_enforced(place).digest != verification.certificate.policy
    except UsageError:
        return True
