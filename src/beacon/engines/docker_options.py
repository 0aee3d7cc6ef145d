"""From a launch and an enforcement to the Docker API's options."""

from __future__ import annotations

import json
from typing import Any

from beacon.engines.interface import Enforcement
from beacon.model.launch import Launch

#: In place of "unconfined": every call passes, yet the kernel has a filter installed. The monitor
#: records what a filter would judge, so a recorded container must have one. A default action
#: alone makes runc install it (crun as well); an empty list of rules does not switch it off.
#: Foreign architectures have to be named: libseccomp kills the calls of those it does not know.
ALLOW_ALL = json.dumps(
    {
        "defaultAction": "SCMP_ACT_ALLOW",
        "archMap": [
            {
                "architecture": "SCMP_ARCH_X86_64",
                "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            },
            {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
        ],
        "syscalls": [],
    }
)

#: Two files of this size at most: a container that writes without end fills no disk. Named, since
#: other drivers (the engine may default to one) cannot be read back.
_LOG = {"type": "json-file", "config": {"max-size": "16m", "max-file": "2"}}


def container_options(launch: Launch) -> dict[str, Any]:
    """Return what concerns the process; what the launch leaves open stays the image's."""
    return {
        "command": list(launch.command) or None,
        # A list, because the SDK would split a string like a shell does.
        "entrypoint": None if launch.entrypoint is None else [launch.entrypoint],
        "environment": list(launch.env),
        "user": launch.user,
        "working_dir": launch.workdir,
    }


def host_options(launch: Launch, enforcement: Enforcement, cgroup_parent: str) -> dict[str, Any]:
    """Return what concerns the host: mounts, network, rights."""
    add, drop = _capabilities(launch, enforcement)
    return {
        "binds": list(launch.volumes),
        "tmpfs": dict(_target_and_options(entry) for entry in launch.tmpfs),
        "network_mode": launch.network or "bridge",
        "cap_add": add,
        "cap_drop": drop,
        "security_opt": _security(launch, enforcement),
        "cgroup_parent": cgroup_parent,
        "log_config": _LOG,
    }


def _capabilities(launch: Launch, enforcement: Enforcement) -> tuple[list[str], list[str]]:
    if enforcement.capabilities is None:
        return list(launch.cap_add), list(launch.cap_drop)
    return list(enforcement.capabilities), ["ALL"]


def _security(launch: Launch, enforcement: Enforcement) -> list[str]:
    options = ["no-new-privileges"] if launch.no_new_privileges else []
    if launch.apparmor is not None:
        options.append(f"apparmor={launch.apparmor}")
    seccomp = launch.seccomp if enforcement.seccomp is None else enforcement.seccomp
    if seccomp is not None:
        options.append(f"seccomp={ALLOW_ALL if seccomp == 'unconfined' else seccomp}")
    return options


def _target_and_options(entry: str) -> tuple[str, str]:
    target, _, options = entry.partition(":")
    return target, options
