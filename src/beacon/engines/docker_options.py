"""From a launch and an enforcement to the Docker API's options."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from docker.types import Ulimit

from beacon.engines.go_time import nanoseconds
from beacon.engines.interface import Enforcement, RefusedError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted
from beacon.model.volume import Tmpfs

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
_LOG: dict[str, Any] = {"type": "json-file", "config": {"max-size": "16m", "max-file": "2"}}

#: Drivers that know these options; others refuse them.
_BOUNDED = ("json-file", "local")

#: In nanoseconds, as the engine counts.
_SECOND = 1_000_000_000
#: Between two health checks.
_HEALTH_INTERVAL = _SECOND


def container_options(launch: Launch, *, health_check: bool = False) -> dict[str, Any]:
    """Return what concerns the process; what the launch leaves open stays the image's.

    `health_check`: the image has one of its own.
    """
    return {
        "command": list(launch.command) or None,
        # A list, because the SDK would split a string like a shell does.
        "entrypoint": None if launch.entrypoint is None else [launch.entrypoint],
        "environment": list(launch.env),
        "user": launch.user,
        "working_dir": launch.workdir,
        "tty": launch.tty,
        "stdin_open": launch.interactive,
        "hostname": launch.hostname,
        "domainname": launch.domainname,
        "platform": launch.platform,
        "stop_signal": launch.stop_signal,
        "mac_address": launch.mac_address,
        "healthcheck": _health(launch, health_check),
    }


def endpoint_options(launch: Launch) -> dict[str, Any]:
    """Return what it is called and addressed by on its network; empty where nothing was said."""
    given = {
        "aliases": list(launch.network_alias),
        "ipv4_address": launch.ip,
        "ipv6_address": launch.ip6,
    }
    return {name: value for name, value in given.items() if value}


def published_ports(words: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Where this host passes ports on, from the words of `docker run -p`: `80/tcp` by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for word in words:
        head, _, protocol = word.partition("/")
        head, _, port = head.rpartition(":")
        address, _, host = head.rpartition(":")
        found.setdefault(f"{port}/{protocol or 'tcp'}", []).append((address.strip("[]"), host))
    return found


def host_options(launch: Launch, enforcement: Enforcement, cgroup_parent: str) -> dict[str, Any]:
    """Return what concerns the host: mounts, network, rights, limits. RefusedError for nonsense."""
    add, drop = _capabilities(launch, enforcement)
    return {
        "binds": list(launch.volumes),
        "tmpfs": {each.target: each.options for each in map(Tmpfs.parse, launch.tmpfs)},
        "network_mode": launch.network or "bridge",
        "cap_add": add,
        "cap_drop": drop,
        "security_opt": _security(launch, enforcement),
        "cgroup_parent": cgroup_parent or None,
        "log_config": _log(launch),
        "init": launch.init or None,
        "read_only": launch.read_only or None,
        "group_add": list(launch.group_add) or None,
        "devices": list(launch.device) or None,
        "device_cgroup_rules": list(launch.device_cgroup_rule) or None,
        "volumes_from": list(launch.volumes_from) or None,
        "storage_opt": _pairs(launch.storage_opt) or None,
        "restart_policy": _restart(launch.restart),
        **_namespaces(launch),
        **_names(launch),
        **limits(launch),
    }


def limits(launch: Launch) -> dict[str, Any]:
    """Return what the container may have of memory, processors and processes."""
    return {
        "mem_limit": launch.memory,
        "memswap_limit": launch.memory_swap,
        "mem_reservation": launch.memory_reservation,
        "mem_swappiness": launch.memory_swappiness,
        "nano_cpus": None if launch.cpus is None else round(launch.cpus * 1e9),
        "cpuset_cpus": launch.cpuset_cpus,
        "cpuset_mems": launch.cpuset_mems,
        "cpu_period": launch.cpu_period,
        "cpu_quota": launch.cpu_quota,
        "cpu_shares": launch.cpu_shares,
        "pids_limit": launch.pids_limit,
        "oom_score_adj": launch.oom_score_adj,
        "oom_kill_disable": launch.oom_kill_disable or None,
        "shm_size": launch.shm_size,
        "ulimits": [_ulimit(word) for word in launch.ulimit] or None,
    }


def _namespaces(launch: Launch) -> dict[str, Any]:
    return {
        "ipc_mode": launch.ipc,
        "pid_mode": launch.pid,
        "uts_mode": launch.uts,
        "userns_mode": launch.userns,
        "cgroupns": launch.cgroupns,
        "sysctls": _pairs(launch.sysctl) or None,
    }


def _names(launch: Launch) -> dict[str, Any]:
    return {
        "dns": list(launch.dns) or None,
        "dns_opt": list(launch.dns_option) or None,
        "dns_search": list(launch.dns_search) or None,
        "extra_hosts": _pairs(launch.add_host, ":") or None,
    }


def _health(launch: Launch, image_has_one: bool) -> dict[str, Any] | None:
    if launch.no_healthcheck:
        return {"test": ["NONE"]}
    if launch.health_cmd is None and not image_has_one:
        return None
    # The engine looks for the first time after one interval, by default half a minute. What fails
    # while the container may still become ready does not count: a first start can take long.
    patience = round(launch.ready_timeout * _SECOND)
    health: dict[str, Any] = {
        "timeout": _nanoseconds(launch.health_timeout),
        "retries": launch.health_retries,
        "start_period": _nanoseconds(launch.health_start_period) or patience,
        "interval": _nanoseconds(launch.health_interval) or _HEALTH_INTERVAL,
    }
    if launch.health_cmd is not None:
        health["test"] = ["CMD-SHELL", launch.health_cmd]
    return {name: value for name, value in health.items() if value is not None}


def _nanoseconds(time: str | None) -> int | None:
    return None if time is None else nanoseconds(time)


def _log(launch: Launch) -> dict[str, Any]:
    driver = launch.log_driver or _LOG["type"]
    bounds = _LOG["config"] if driver in _BOUNDED else {}
    return {"type": driver, "config": {**bounds, **_pairs(launch.log_opt)}}


def _restart(word: str | None) -> dict[str, Any] | None:
    if word is None:
        return None
    name, _, count = word.partition(":")
    if len(count) > len(str(2**31)):
        raise RefusedError(f"There is no such restart policy: {escape_untrusted(word[:100])}")
    return {"Name": name, "MaximumRetryCount": int(count) if count.isdecimal() else 0}


def _ulimit(word: str) -> Ulimit:
    name, _, bounds = word.partition("=")
    soft, _, hard = bounds.partition(":")
    try:
        return Ulimit(name=name, soft=int(soft), hard=int(hard or soft))
    except ValueError:
        raise RefusedError(f"There is no such limit: {escape_untrusted(word)}") from None


def _pairs(words: tuple[str, ...], mark: str = "=") -> dict[str, str]:
    return {name: value for name, _, value in (word.partition(mark) for word in words)}


def _capabilities(launch: Launch, enforcement: Enforcement) -> tuple[list[str], list[str]]:
    if enforcement.capabilities is None:
        return list(launch.cap_add), list(launch.cap_drop)
    # What the launch takes away stays away: a policy grants it to those who have it.
    kept = [c for c in enforcement.capabilities if not launch.takes_away(c)]
    return kept, ["ALL"]


def _security(launch: Launch, enforcement: Enforcement) -> list[str]:
    options = ["no-new-privileges"] if launch.no_new_privileges else []
    if launch.apparmor is not None:
        options.append(f"apparmor={launch.apparmor}")
    seccomp = launch.seccomp if enforcement.seccomp is None else enforcement.seccomp
    if seccomp is not None:
        options.append(f"seccomp={ALLOW_ALL if seccomp == 'unconfined' else seccomp}")
    return options
