"""What a policy's files ask of the host beyond a plain container.

A policy may come from anybody. Each thing that it asks for needs the user's consent before the
first container starts; `data/host_access.toml` says what that is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon.campaign.service_files import PREFIX
from beacon.data.dimensions import general
from beacon.data.host_access import host_access
from beacon.engines.interface import Enforcement
from beacon.model.environment import Changes, Dimension, Setting, Step
from beacon.model.event import Capability
from beacon.model.launch import Launch, Options, strip_cap_prefix
from beacon.model.policy import Policy, Replay
from beacon.workloads.discovery import programs

#: What settings change.
Effects = Mapping[Setting, Changes]

_ERRORS = frozenset(
    f"SCMP_ACT_{name}" for name in ("ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP")
)
#: What is asked for by other rules than an option's.
_ELSEWHERE = frozenset({"cap_add", "seccomp", "steps"})
#: Those options that a policy's own files give, and not the launch.
RIGHTS = frozenset({"cap_add", "filter"})
ALL_CALLS = "all system calls"


@dataclass(frozen=True, order=True)
class Demand:
    """One thing that is asked for.

    `option` is a field of Launch, or `workload`, `filter`, `shape`. `sealed`: a seal on policy.json
    covers it; what only the files beside it ask for, no seal covers.
    """

    option: str
    value: str
    why: str
    sealed: bool = True

    def __str__(self) -> str:
        return f"{_flag(self.option, self.value)} ({self.why})"


def _flag(option: str, value: str) -> str:
    if option == "filter":
        return f"--security-opt seccomp=unconfined for {value}"
    if option in ("apparmor", "seccomp"):
        return f"--security-opt {option}={value}"
    names = {"volumes": "-v", "shape": "the step shape"}
    return f"{names.get(option, '--' + option.replace('_', '-'))} {value}"


def own_effects(dimensions: Sequence[Dimension]) -> Effects:
    """What these dimensions change, by setting."""
    return {
        Setting(dimension.name, value): effect
        for dimension in dimensions
        for value, effect in dimension.values.items()
    }


def demands(
    policy: Policy,
    replays: Sequence[Replay],
    enforcement: Enforcement,
    granted: Effects,
    directory: Path = Path(),
) -> list[Demand]:
    """What repeating these replays of the policy in `directory` asks for, sorted.

    An environment that BeaCon has itself, as it has it, asks for nothing; neither do those that
    the user has `granted`.
    """
    ours = own_effects([each for each in general() if not each.host_access])
    theirs = own_effects(policy.surroundings.dimensions)
    settings = {setting for replay in replays for setting in replay.environment.settings}
    used = [
        theirs[each] for each in settings if theirs[each] not in (ours.get(each), granted.get(each))
    ]
    found = {
        *_workloads(replays, script_paths(policy, directory)),
        *_options(policy.launch),
        *_control(policy.launch),
        *(demand for effect in used for demand in _effect(effect)),
        *_capabilities(policy, enforcement),
        *_filter(policy, enforcement),
    }
    return sorted(found)


def launch_demands(launch: Launch) -> list[Demand]:
    """What the launch alone asks for: a policy's files for other tools repeat it."""
    added = (Demand("cap_add", name, _why("cap_add")) for name in launch.cap_add if _asks(name))
    return sorted({*_options(launch), *added})


def _control(launch: Launch) -> Iterator[Demand]:
    """What runs without the policy have (campaign/control.py): no file beside it limits them."""
    for name in map(strip_cap_prefix, launch.cap_add):
        if _asks(name):
            yield Demand("cap_add", name, _why("cap_add"))
    for value in _values(launch.seccomp):
        yield Demand("seccomp", value, _why("seccomp"))


def script_paths(policy: Policy, directory: Path) -> dict[str, str]:
    """Where the scripts of a policy lie, by their names in it."""
    return {each.name: str(directory / each.file) for each in policy.scripts}


def script_digests(policy: Policy, directory: Path) -> dict[str, str]:
    """The SHA-256 of each script of a policy, by its path."""
    return {str(directory / each.file): each.sha256 for each in policy.scripts}


def _workloads(replays: Iterable[Replay], kept: Mapping[str, str]) -> Iterator[Demand]:
    for name in (name for replay in replays for name in programs(replay.workload)):
        path = kept.get(name, name)
        yield Demand("workload", path, "a program that this user runs on this host")


def _options(options: Options) -> Iterator[Demand]:
    for name in options.__struct_fields__:
        if name in _ELSEWHERE:
            continue
        access = host_access().options[name]
        for value in _values(getattr(options, name)):
            if access.asks(value) and not _is_own_file(name, value):
                yield Demand(name, value, access.why)


def _is_own_file(option: str, value: str) -> bool:
    """Whether it mounts what came with an installed service, which is read-only."""
    return option == "volumes" and value.startswith(PREFIX)


def _values(value: object) -> Sequence[str]:
    """An option's values as text; none when it says nothing."""
    if value is None or value is False:
        return ()
    return value if isinstance(value, tuple) else (str(value),)


def _effect(effect: Changes) -> Iterator[Demand]:
    yield from _options(effect)
    yield from (Demand("cap_add", n, _why("cap_add")) for n in effect.cap_add if _asks(n))
    yield from (demand for step in effect.steps for demand in _step(step))


def _step(step: Step) -> Iterator[Demand]:
    access, words = host_access().steps[step.do], " ".join(step.command)
    if access.asks(words):
        yield Demand(str(step.do), words, access.why)


def _capabilities(policy: Policy, enforcement: Enforcement) -> Iterator[Demand]:
    """Those of docker.args. The user's own options explain some; a seal covers no others."""
    pinned = [each.name for each in policy.intent.allow if isinstance(each, Capability)]
    added = [
        name
        for replay in policy.replays
        for effect in policy.surroundings.effects(replay.environment)
        for name in effect.cap_add
    ]
    explained = {strip_cap_prefix(name) for name in (*policy.launch.cap_add, *pinned, *added)}
    for name in enforcement.capabilities or ():
        if _asks(name):
            covered = bool(explained & {strip_cap_prefix(name), "ALL"})
            yield Demand("cap_add", strip_cap_prefix(name), _why("cap_add"), covered)


def _asks(capability: str) -> bool:
    return host_access().options["cap_add"].asks(capability)


def _why(option: str) -> str:
    return host_access().options[option].why


def _filter(policy: Policy, enforcement: Enforcement) -> Iterator[Demand]:
    """The calls that seccomp.json opens and Docker's default does not.

    The policy says with which arguments: `verify` runs no seccomp.json that is wider than it.
    """
    opened = opened_calls(json.loads(enforcement.seccomp or "{}"))
    if opened is None:
        why = "seccomp.json denies none of them"
        yield Demand("filter", ALL_CALLS, why, sealed=False)
        return
    table, names = host_access().filter, frozenset(policy.names())
    granted = table.opened(
        f"CAP_{strip_cap_prefix(name)}" for name in enforcement.capabilities or ()
    )
    for name in (opened & table.denied) - granted:
        yield Demand("filter", name, table.why, name in names)
    for call in (each for each in policy.calls() if each.name in opened - granted):
        if table.denies_in_part(call):
            value = f"{call.name}({call.argument or 'any arguments'})"
            yield Demand("filter", value, table.why)


def opened_calls(profile: Mapping[str, Any]) -> frozenset[str] | None:
    """The names that a seccomp profile lets through in some form; None when it is all of them.

    The profile has the form that `read_enforced` checks.
    """
    if profile.get("defaultAction") not in _ERRORS:
        return None
    rules = [rule for rule in profile.get("syscalls", []) if rule["action"] not in _ERRORS]
    return frozenset(name for rule in rules for name in rule["names"])
