"""A launch in the words of a Pod's container.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
"""

from __future__ import annotations

import re
from typing import Any

from beacon.export.launched import mounts, variables
from beacon.model.launch import Launch

#: The options that are in the file, whatever their values; `user` and `group_add` may be.
WRITTEN = frozenset(
    {"command", "entrypoint", "workdir", "read_only", "tty", "interactive", "tmpfs",
     "memory", "cpus", "sysctl", "stop_timeout"}
)  # fmt: skip

_IDS = re.compile(r"(\d{1,9})(?::(\d{1,9}))?")
#: What every version takes both for a variable's name and for a key in a Secret.
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?", re.IGNORECASE)

_MOST_CPUS = 1e6  # no machine has more; a document may say anything


def process(launch: Launch, name: str) -> dict[str, Any]:
    """What runs: its words, folder, variables (out of the Secret `name`), terminal, limits."""
    options: dict[str, Any] = {
        **_command(launch),
        "workingDir": launch.workdir,
        "env": [_variable(word, name) for word in variables(launch) if fits(word)],
        "tty": launch.tty,
        "stdin": launch.interactive,
        "resources": _resources(launch),
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
    numeric = all(re.fullmatch(r"\d{1,9}", word) for word in launch.group_add)
    return [int(word) for word in dict.fromkeys(launch.group_add)] if numeric else []


def volumes(launch: Launch) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Where the container has which volume, and what these are: all are made with the Pod."""
    mounted: list[dict[str, Any]] = []
    declared: list[dict[str, Any]] = []
    for target, read_only, kind in {**_fresh(launch), **_memory(launch)}.values():
        name = f"beacon-{len(declared)}"
        mounted.append(
            {"name": name, "mountPath": target, **({"readOnly": True} if read_only else {})}
        )
        declared.append({"name": name, "emptyDir": kind})
    return mounted, declared


_Volumes = dict[str, tuple[str, bool, dict[str, Any]]]


def _fresh(launch: Launch) -> _Volumes:
    found = (mount for mount in mounts(launch) if mount.source is None)
    return {mount.target: (mount.target, mount.read_only, {}) for mount in found}


def _memory(launch: Launch) -> _Volumes:
    found: _Volumes = {}
    for target, _, text in (entry.partition(":") for entry in launch.tmpfs):
        options = text.split(",")
        sizes = [word.removeprefix("size=") for word in options if word.startswith("size=")]
        limit = {"sizeLimit": size} if sizes and (size := _quantity(sizes[-1])) else {}
        found[target] = (target, "ro" in options, {"medium": "Memory", **limit})
    return found


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


def _resources(launch: Launch) -> dict[str, Any]:
    limits = {}
    if launch.memory is not None and (size := _quantity(launch.memory)):
        limits["memory"] = size
    if launch.cpus is not None and launch.cpus <= _MOST_CPUS:
        limits["cpu"] = f"{round(launch.cpus * 1000)}m"
    return {"limits": limits} if limits else {}


def _quantity(size: str) -> str | None:
    """A size as docker spells it (`64m`) as Kubernetes does (`64Mi`), or None if it is none."""
    match = _SIZE.fullmatch(size)
    if not match:
        return None
    unit = match[2].upper()
    return f"{match[1]}{unit}i" if unit else match[1]
