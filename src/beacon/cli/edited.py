"""Warns of files beside policy.json that do not say the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beacon.campaign.edited import edits
from beacon.cli.console import Console
from beacon.errors import ExitCode
from beacon.model.deviation import Deviation, is_wider
from beacon.model.files import POLICY_FILE
from beacon.model.policy import Policy


def edits_of(policy: Policy, directory: Path) -> tuple[Deviation, ...]:
    """How the files in a policy's directory differ from it; nothing in a profile's."""
    return edits(policy, directory) if (directory / POLICY_FILE).exists() else ()


def warn(console: Console, deviations: Sequence[Deviation]) -> ExitCode:
    """A line for each; DIFFERENCE when a file allows more than the policy that was spoken of."""
    for each in deviations:
        console.say(f"Warning: {each.sentence()}.")
    if not is_wider(deviations):
        return ExitCode.DONE
    console.say(
        "Warning: this speaks of policy.json; with the files as they are more is allowed. "
        "Write the policy again with `beacon policy` (--allow adds what is needed)."
    )
    return ExitCode.DIFFERENCE
