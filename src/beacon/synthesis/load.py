"""Loads the policy that a directory stands for."""

from __future__ import annotations

from pathlib import Path

from beacon.data.runtimes import all_tables
from beacon.errors import UsageError
from beacon.model.files import POLICY_FILE, PROFILE_FILE, load_ablation, load_policy, load_profile
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.synthesis.intents import check_classes
from beacon.synthesis.synthesize import synthesize


def policy_of(directory: Path) -> Policy:
    """The policy in a directory, or what a profile there would come to if nothing were dropped."""
    if not has(directory, POLICY_FILE):
        if not has(directory, PROFILE_FILE):
            raise nothing_in(directory)
        profile, intent = load_profile(directory), PRESETS["availability"]
        ablation = load_ablation(directory, profile)
        return synthesize(
            profile, intent, allow_incomplete=True, runtimes=all_tables(), ablation=ablation
        )
    return written_policy(directory)


def written_policy(directory: Path) -> Policy:
    """The policy in a directory; UsageError as `load_policy`, and for an unknown argument class."""
    policy = load_policy(directory)
    check_classes([*policy.events(), *policy.dropped()])
    return policy


def nothing_in(directory: Path) -> UsageError:
    """What to say of a directory without any document."""
    return UsageError(
        f"There is neither a policy nor a profile in {directory}: "
        "name a directory that `beacon policy` or `beacon profile` wrote."
    )


def has(directory: Path, name: str) -> bool:
    """Whether a directory has a document."""
    try:
        return (directory / name).exists()
    except OSError:  # a name that is too long, say: loading tells
        return False
