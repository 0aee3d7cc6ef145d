"""The workloads of a policy that are the user's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.files import POLICY_FILE, load_scripts
from beacon.model.policy import Policy
from beacon.workloads.discovery import programs
from beacon.workloads.script import ScriptWorkload, script_digest


def kept_scripts(policy: Policy, directory: Path) -> dict[str, ScriptWorkload]:
    """Those that lie beside policy.json, by their names in it.

    UsageError for one that is not what it was, and for a name that is none of them: nothing of that
    name is looked for elsewhere. Documents of older versions name programs by absolute path.
    """
    contents = load_scripts(directory, policy.scripts)
    for name in {name for each in policy.replays for name in programs(each.workload)}:
        if name not in contents and not Path(name).is_absolute():
            raise UsageError(
                f"{directory / POLICY_FILE} names a workload that is not kept beside it: make it "
                "again with `beacon policy`."
            )
    return {
        name: ScriptWorkload(name.removeprefix("./"), content) for name, content in contents.items()
    }


def not_recorded(policy: Policy, workloads: Sequence[str]) -> list[str]:
    """Which of these workloads, by name or path, no recorded run has in the default environment."""
    names = {each.workload for each in policy.replays if not each.environment.settings}
    digests = {policy.script, *(each.sha256 for each in policy.scripts)} - {None}
    return [
        name
        for name in dict.fromkeys(workloads)
        if name not in names and script_digest(Path(name)) not in digests
    ]
