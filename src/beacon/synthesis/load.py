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
    if not _has(directory, POLICY_FILE):
        if not _has(directory, PROFILE_FILE):
            raise UsageError(
                f"There is neither a policy nor a profile in {directory}: "
                "name a directory that `beacon policy` or `beacon profile` wrote."
            )
        profile, intent = load_profile(directory), PRESETS["availability"]
        ablation = load_ablation(directory, profile)
        return synthesize(
            profile, intent, allow_incomplete=True, runtimes=all_tables(), ablation=ablation
        )
    policy = load_policy(directory)
    check_classes([*policy.events(), *policy.dropped()])
    return policy


def _has(directory: Path, name: str) -> bool:
    try:
        return (directory / name).exists()
    except OSError:  # a name that is too long, say: loading tells
        return False
