"""compose.yaml: the image as a service that docker compose starts under the policy.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from beacon.export.interface import Exporter
from beacon.export.launched import capabilities, given, missing, mounts, origin, proof, variables
from beacon.export.names import resource_name
from beacon.export.seccomp import SeccompExporter
from beacon.export.yaml_text import dump
from beacon.model.launch import Launch
from beacon.model.policy import Policy

#: `docker run`'s options whose values compose takes as they are, in the order of the file.
_SAME = {
    "user": "user", "group_add": "group_add", "workdir": "working_dir", "command": "command",
    "read_only": "read_only", "tmpfs": "tmpfs", "shm_size": "shm_size",
    "init": "init", "tty": "tty", "interactive": "stdin_open",
    "platform": "platform", "hostname": "hostname", "domainname": "domainname",
    "network": "network_mode", "sysctl": "sysctls",
    "ipc": "ipc", "pid": "pid", "uts": "uts", "userns": "userns_mode", "cgroupns": "cgroup",
    "memory": "mem_limit", "memory_swap": "memswap_limit", "memory_swappiness": "mem_swappiness",
    "memory_reservation": "mem_reservation", "oom_kill_disable": "oom_kill_disable",
    "cpus": "cpus", "cpu_shares": "cpu_shares", "cpu_period": "cpu_period",
    "cpu_quota": "cpu_quota", "pids_limit": "pids_limit",
    "oom_score_adj": "oom_score_adj", "restart": "restart", "stop_signal": "stop_signal",
}  # fmt: skip
_HEALTH = {
    "health_interval": "interval", "health_timeout": "timeout",
    "health_start_period": "start_period", "health_retries": "retries",
}  # fmt: skip
_CHANGED = frozenset(
    {"entrypoint", "apparmor", "health_cmd", "no_healthcheck", "stop_timeout", "ulimit", *_HEALTH}
)

#: Other values name a container or a network of the host.
_NAMESPACES = frozenset({"network", "ipc", "pid", "uts"})
_EVERYWHERE = frozenset({"none", "host", "bridge", "private", "shareable"})

_LIMIT = re.compile(r"([a-z]+)=(-?\d{1,19})(?::(-?\d{1,19}))?", re.ASCII)


class ComposeExporter(Exporter):
    """One service; compose finds seccomp.json beside the file."""

    file = "compose.yaml"

    def render(self, policy: Policy) -> bytes:
        """The file; nothing in it is interpolated but the variables' values."""
        policy = policy.hardened()
        service = {"image": policy.image.reference, **_rights(policy), **_launch(policy.launch)}
        document: dict[str, Any] = {
            "services": {resource_name(policy.image.reference): _literal(service)}
        }
        if names := [m.source for m in mounts(policy.launch) if m.source and not m.of_host]:
            document["volumes"] = {name: {} for name in names}
        return dump(document, _comments(policy))


def _comments(policy: Policy) -> Iterator[str]:
    yield origin(policy)
    yield from proof(policy)
    if variables(policy.launch):
        yield "Values of its variables may be secrets: put them into the shell or into .env."
    yield from (f"To add: the variable {word}" for word in variables(policy.launch) if _odd(word))
    yield from missing(policy.launch, {*_same(policy.launch), *_CHANGED})


def _literal(value: Any) -> Any:
    """The value with every `$` doubled, which compose undoes instead of looking for a variable.

    https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
    """
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    return [_literal(inner) for inner in value] if isinstance(value, list) else value


def _rights(policy: Policy) -> dict[str, Any]:
    security = [f"seccomp=./{SeccompExporter.file}"]
    if policy.launch.no_new_privileges:
        security.append("no-new-privileges")  # see docker_args.py
    if policy.launch.apparmor is not None:
        security.append(f"apparmor={policy.launch.apparmor}")
    rights = {"security_opt": security, "cap_drop": ["ALL"]}
    added = capabilities(policy)
    return {**rights, "cap_add": added} if added else rights


def _launch(launch: Launch) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if launch.entrypoint is not None:
        options["entrypoint"] = [launch.entrypoint]
    options |= {_SAME[name]: value for name, value in _same(launch).items()}
    if names := [word for word in variables(launch) if not _odd(word)]:
        options["environment"] = names
    return options | _limits(launch) | _volumes(launch)


def _odd(variable: str) -> bool:
    """Whether some versions of compose refuse a variable of this name."""
    return any(character.isspace() for character in variable)


def _same(launch: Launch) -> dict[str, Any]:
    known = {name: value for name, value in given(launch).items() if name in _SAME}
    ordered = sorted(known.items(), key=lambda item: list(_SAME).index(item[0]))
    return {name: _value(name, value) for name, value in ordered if _is_portable(name, value)}


def _is_portable(name: str, value: Any) -> bool:
    return name not in _NAMESPACES or value in _EVERYWHERE


def _value(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        # The schema wants other lists than the command without repetition.
        return list(value if name == "command" else dict.fromkeys(value))
    # compose reads sizes with units from text, but "unlimited" only from a number.
    return -1 if value == "-1" else value


def _limits(launch: Launch) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if launch.stop_timeout is not None:
        limits["stop_grace_period"] = f"{launch.stop_timeout}s"
    if health := _health(launch):
        limits["healthcheck"] = health
    found = (match.groups() for word in launch.ulimit if (match := _LIMIT.fullmatch(word)))
    if ulimits := {name: {"soft": int(s), "hard": int(h or s)} for name, s, h in found}:
        limits["ulimits"] = ulimits
    return limits


def _health(launch: Launch) -> dict[str, Any]:
    if launch.no_healthcheck:
        return {"disable": True}
    test = [] if launch.health_cmd is None else ["CMD-SHELL", launch.health_cmd]
    said = {word: getattr(launch, name) for name, word in _HEALTH.items()}
    given = {word: value for word, value in said.items() if value is not None}
    return {"test": test, **given} if test else given


def _volumes(launch: Launch) -> dict[str, Any]:
    volumes = []
    for mount in mounts(launch):
        if not mount.of_host:
            source = {"source": mount.source} if mount.source else {}
            read_only = {"read_only": True} if mount.read_only else {}
            volumes.append({"type": "volume", **source, "target": mount.target, **read_only})
    return {"volumes": volumes} if volumes else {}
