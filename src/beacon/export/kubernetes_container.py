"""A launch in the words of a Pod's container.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
"""

from __future__ import annotations

import re
from typing import Any

from beacon.export.kubernetes_volumes import quantity, shared_memory
from beacon.export.launched import variables
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.policy import Policy

#: The options that are in the file, whatever their values.
_WRITTEN = frozenset(
    {"command", "entrypoint", "workdir", "read_only", "tty", "interactive", "tmpfs", "sysctl"}
)

_IDS = re.compile(r"(\d{1,9})(?::(\d{1,9}))?", re.ASCII)
#: What every version takes both for a variable's name and for a key in a Secret.
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")

#: A label of DNS: https://www.rfc-editor.org/rfc/rfc1123#page-13
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RESTARTS = {
    "no": "Never", "on-failure": "OnFailure", "always": "Always", "unless-stopped": "Always"
}  # fmt: skip


def written(launch: Launch) -> frozenset[str]:
    """The options that are in the file: some only as far as Kubernetes has a word for them."""
    limits = _limits(launch)
    found = {
        "user": user(launch),
        "group_add": groups(launch),
        "hostname": hostname(launch),
        "memory": limits.get("memory"),
        "cpus": limits.get("cpu"),
        "shm_size": shared_memory(launch),
        "stop_timeout": grace(launch) is not None,
        "restart": launch.restart in _RESTARTS,
    }
    if launch.network == MadeNetwork.POD:  # each Pod has a network; how names are resolved it says
        found |= dict.fromkeys(("network", "network_alias", "dns_search", "dns_option"), True)
    return _WRITTEN | {option for option, words in found.items() if words}


def hostname(launch: Launch) -> str | None:
    """Its name, if Kubernetes takes it."""
    return launch.hostname if _LABEL.fullmatch(launch.hostname or "") else None


def grace(launch: Launch) -> int | None:
    """The seconds that it gets to stop; Kubernetes does not wait without end, as Docker does."""
    limit = launch.stop_timeout
    return limit if limit is not None and limit >= 0 else None


def restart_policy(policy: Policy) -> str | None:
    """When it is started again: a Pod does so always unless told, Docker never."""
    if policy.launch.restart in _RESTARTS:
        return _RESTARTS[policy.launch.restart]
    return "Never" if policy.ends_by_itself() and policy.launch.restart is None else None


def process(launch: Launch, name: str) -> dict[str, Any]:
    """What runs: its words, folder, variables (out of the Secret `name`), terminal, limits."""
    options: dict[str, Any] = {
        **_command(launch),
        "workingDir": launch.workdir,
        "env": [_variable(word, name) for word in variables(launch) if fits(word)],
        "tty": launch.tty,
        "stdin": launch.interactive,
        "resources": {"limits": limits} if (limits := _limits(launch)) else {},
        "stdinOnce": launch.stdin is not None,  # else its input has no end
    }
    return {key: value for key, value in options.items() if value}


def fits(variable: str) -> bool:
    """Whether every version of Kubernetes takes this name of a variable."""
    return _VARIABLE.fullmatch(variable) is not None


def user(launch: Launch) -> dict[str, Any]:
    """Who runs it; nothing for a name, since Kubernetes takes numbers only."""
    match = _IDS.fullmatch(launch.user or "")
    if not match:
        return {}
    ids: dict[str, Any] = {"runAsUser": int(match[1])}
    if match[2] is not None:
        ids["runAsGroup"] = int(match[2])
    return {**ids, "runAsNonRoot": True} if ids["runAsUser"] else ids


def groups(launch: Launch) -> list[int]:
    """The further groups; none if one is a name."""
    numeric = all(re.fullmatch(r"[0-9]{1,9}", word) for word in launch.group_add)
    return [int(word) for word in dict.fromkeys(launch.group_add)] if numeric else []


def _command(launch: Launch) -> dict[str, list[str]]:
    words = [_literal(word) for word in launch.command]
    if launch.entrypoint is None:
        return {"args": words}
    # An empty entry point takes the image's away: the command's first word is the program.
    if not launch.entrypoint:
        return {"command": words}
    return {"command": [_literal(launch.entrypoint)], "args": words}


def _literal(word: str) -> str:
    """The word with every `$` doubled, so that `$(NAME)` stays what it is.

    https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    return word.replace("$", "$$")


def _variable(variable: str, secret: str) -> dict[str, Any]:
    reference = {"name": secret, "key": variable}
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _limits(launch: Launch) -> dict[str, str]:
    limits = {}
    if launch.memory is not None and (size := quantity(launch.memory)):
        limits["memory"] = size
    if launch.cpus is not None:
        limits["cpu"] = f"{round(launch.cpus * 1000)}m"
    return limits
