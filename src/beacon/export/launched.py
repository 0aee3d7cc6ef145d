"""What a launch asks for, told apart: what every host has, and what belongs to one host."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from beacon.model.launch import Launch, Options, strip_cap_prefix
from beacon.model.policy import Policy
from beacon.model.volume import Volume

#: What the policy says instead, and what has a remark of its own.
_ELSEWHERE = frozenset({"cap_add", "cap_drop", "no_new_privileges", "env", "volumes"})

#: Options whose names are not those of their fields.
_SPELT = {"volumes": "--volume", "apparmor": "--security-opt apparmor"}

#: Fields of a launch that some formats neither hold nor name, and why nothing is lost.
OF_NO_CONSEQUENCE = {
    "cap_add": "The policy holds what the container needed of it.",
    "seccomp": "The policy takes its place.",
    "job": "docker run and compose do not restart what ended; a Pod has restartPolicy Never.",
    "ready_log": "It says when a recorded container counts as ready, not how it is started.",
    "ready_after": "As ready_log.",
    "ready_timeout": "As ready_log.",
    "stdin_sha256": "It says which file was recorded; that there was one, every format says.",
}


def mounts(launch: Launch) -> tuple[Volume, ...]:
    """The volumes, one for each target; without a source where each container has a new one."""
    return tuple({each.target: _sourceless(each) for each in launch.mounted()}.values())


def _sourceless(volume: Volume) -> Volume:
    return replace(volume, source=None) if volume.is_new else volume


def variables(launch: Launch) -> tuple[str, ...]:
    """The names of the environment's variables: their values may be secrets."""
    names = (word.partition("=")[0] for word in launch.env)
    return tuple(dict.fromkeys(name for name in names if name))


def given(launch: Launch) -> dict[str, Any]:
    """What the launch says, by option; nothing that it leaves to the image and the engine."""
    plain = Options()
    names = (name for name in Options.__struct_fields__ if name not in _ELSEWHERE)
    values = {name: getattr(launch, name) for name in names}
    return {name: value for name, value in values.items() if value != getattr(plain, name)}


def capabilities(policy: Policy) -> list[str]:
    """The capabilities to add, without `CAP_`: not those that the launch itself takes away.

    Verification grants the same: another environment may have needed what this launch drops.
    """
    kept = policy.capabilities()
    return [strip_cap_prefix(name) for name in kept if not policy.launch.takes_away(name)]


def origin(policy: Policy) -> str:
    """The first line of a file: who wrote it, what for."""
    return f"Written by BeaCon {policy.beacon} for {policy.image.reference}."


def proof(policy: Policy) -> Iterator[str]:
    """A remark on the launch of a file that has it hardened: by what, and which run proves it."""
    if policy.hardening is not None:
        words = " ".join(policy.hardening.words())
        yield f"Hardened by {words}, as {', '.join(policy.hardening.runs)} proved."


def missing(launch: Launch, written: Collection[str]) -> Iterator[str]:
    """A sentence for whatever the user has to add: host paths, options that are not `written`."""
    for mount in mounts(launch):
        if mount.of_host:
            way = ", read-only" if mount.read_only else ""
            yield f"To add: what the host had mounted at {mount.target}{way}"
        if options := mount.further_options:
            yield f"To add: {','.join(options)} for the volume at {mount.target}"
    if launch.stdin is not None:
        yield "To add: the file that was its standard input"
    if names := given(launch).keys() - set(written):
        words = ", ".join(option_names(names))
        yield f"Recorded with further options, to add what matters here: {words}"


def again(launch: Launch) -> str:
    """What docker.args leaves out, for `docker run` to have it: `--env, --user, the command`."""
    names = given(launch).keys() - {"command"}
    names |= {name for name in ("env", "volumes") if getattr(launch, name)}
    rest = {"the command": launch.command, "standard input": launch.stdin}
    return ", ".join([*option_names(names), *(word for word, there in rest.items() if there)])


def option_names(names: Iterable[str]) -> list[str]:
    """The options by their names on the command line."""
    return sorted(_SPELT.get(name, f"--{name.replace('_', '-')}") for name in names)
