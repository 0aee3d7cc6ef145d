"""The one-line change that allows what was denied."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from beacon.data.arguments import conditions
from beacon.data.kernel import is_syscall
from beacon.export.seccomp import ARCHITECTURES, allowing, plain
from beacon.model.architecture import architecture_of
from beacon.model.denial import Denial, Standing
from beacon.model.event import Capability, Event, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.launch import strip_cap_prefix
from beacon.model.policy import Policy
from beacon.model.reach import Scope
from beacon.synthesis.intents import with_pins

#: Stands for the directory of the policy's profile, which the policy does not name.
_PROFILE = "PROFILE_DIR"


def change(denial: Denial, policy: Policy | None, directory: Path | None) -> str:
    """A command that allows it, or what to add to the profile; empty if neither exists.

    `directory` is the policy's.
    """
    if isinstance(denial.event, Syscall) and not is_syscall(denial.event.name):
        return ""
    if policy is None or directory is None:
        return _without_policy(denial.event)
    if denial.standing is Standing.ALLOWED:
        return shlex.join(["beacon", "run", str(directory), policy.image.reference])
    words = ["beacon", "policy", _PROFILE, "-o", str(directory)]
    words += ["--incomplete"] if policy.gaps else []
    options = intent_options(with_pins(policy.intent, [str(denial.event)], []))
    if options is None:
        options = ["--intent", "INTENT_FILE", "--allow", str(denial.event)]
    return shlex.join([*words, *options])


def _without_policy(event: Event) -> str:
    if isinstance(event, Capability):
        return f"docker run --cap-add {strip_cap_prefix(event.name)}"
    groups = conditions(event.name, [event.argument]) if event.argument else [()]
    rule = json.dumps(plain(allowing(event.name, groups[0])))
    said = f'add {rule} to "syscalls" of its seccomp profile'
    if event.abi is not architecture_of(event.abi).native:
        said += f', and "{ARCHITECTURES[event.abi]}" to "architectures"'
    return said


def intent_options(intent: Intent) -> list[str] | None:
    """The options of `beacon policy` for an intent; None for one that only a file can say."""
    if intent.matter or intent.ignore or not intent.floor:
        return None
    words = [*_weights(intent)]
    if intent.reach is not Scope.BESIDE:
        words += ["--reach", str(intent.reach)]
    for option, values in (
        ("--architecture", intent.architectures),
        ("--runtime", intent.runtimes),
        ("--allow", intent.allow),
        ("--deny", intent.deny),
    ):
        words += [word for value in values for word in (option, str(value))]
    return words


def _weights(intent: Intent) -> Sequence[str]:
    usual, words = Reserve.HARMLESS, []
    for name, preset in PRESETS.items():
        if (preset.security, preset.functionality) == (intent.security, intent.functionality):
            usual = preset.reserve
            words = [] if name == "availability" else ["--preset", name]
            break
    else:
        weights = (("--security", intent.security), ("--functionality", intent.functionality))
        words = [word for option, weight in weights for word in (option, f"{weight:g}")]
    return words if intent.reserve is usual else [*words, "--reserve", str(intent.reserve)]
