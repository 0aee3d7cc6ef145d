"""A service of a compose file as a launch.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from beacon.compose.fields import Fields
from beacon.compose.interface import ComposeError, Condition, StackService
from beacon.compose.ports import published
from beacon.compose.volumes import service_files, service_mounts
from beacon.data.capabilities import check_capability
from beacon.model.env_file import env_file
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.security import read_security
from beacon.model.text import escape_untrusted

#: By the field of Launch, the key that says the same in the same way.
_TEXTS = {
    "user": "user", "workdir": "working_dir", "hostname": "hostname", "domainname": "domainname",
    "ipc": "ipc", "pid": "pid", "uts": "uts", "userns": "userns_mode", "cgroupns": "cgroup",
    "memory": "mem_limit", "memory_swap": "memswap_limit", "memory_reservation": "mem_reservation",
    "cpuset_cpus": "cpuset", "shm_size": "shm_size", "stop_signal": "stop_signal",
    "mac_address": "mac_address", "platform": "platform",
}  # fmt: skip
_WHOLE = {
    "memory_swappiness": "mem_swappiness", "cpu_shares": "cpu_shares", "cpu_period": "cpu_period",
    "cpu_quota": "cpu_quota", "pids_limit": "pids_limit", "oom_score_adj": "oom_score_adj",
}  # fmt: skip
_FLAGS = {
    "init": "init", "read_only": "read_only", "tty": "tty", "interactive": "stdin_open",
    "oom_kill_disable": "oom_kill_disable",
}  # fmt: skip
_LISTS = {
    "tmpfs": "tmpfs", "dns": "dns", "dns_option": "dns_opt", "dns_search": "dns_search",
    "device": "devices", "device_cgroup_rule": "device_cgroup_rules", "group_add": "group_add",
    "cap_add": "cap_add", "cap_drop": "cap_drop",
}  # fmt: skip
#: They change nothing that the container sees; `restart`: a service that ends has ended.
_WITHOUT_EFFECT = (
    *("annotations", "attach", "blkio_config", "build", "develop", "expose", "labels", "logging"),
    *("profiles", "pull_policy", "restart", "scale"),
)
_OWN_NETWORKS = ("none", "host", "bridge")


def read_service(
    name: str,
    mapping: object,
    document: Mapping[str, Any],
    path: Path,
    variables: Mapping[str, str],
) -> StackService:
    """One service; ComposeError for what is ill-typed or not supported."""
    fields = Fields(f"{path}: service {escape_untrusted(name)}", mapping)
    image = fields.text("image")
    if not image:
        raise ComposeError(
            f"{fields.where} has no image: build it (`docker compose build`) and name it by "
            "`image:`."
        )
    if fields.flag("privileged"):
        raise ComposeError(
            f"{fields.where} is privileged, so it has no filter, and nothing can be recorded or "
            "enforced: give it what it needs by cap_add and devices."
        )
    optional = bool(fields.take("profiles"))
    fields.ignore(*_WITHOUT_EFFECT)
    needs = _needs(fields)
    ports = tuple(published(fields, each) for each in fields.many("ports"))
    launch = _launch(fields, name, document, path, variables)
    fields.finish()
    return StackService(
        name=name, image=image, launch=launch, needs=needs, publish=ports, optional=optional
    )


def _launch(
    fields: Fields,
    name: str,
    document: Mapping[str, Any],
    path: Path,
    variables: Mapping[str, str],
) -> Launch:
    security = read_security(list(fields.list("security_opt")), path.parent)
    given: dict[str, Any] = {field: fields.text(key) for field, key in _TEXTS.items()}
    given |= {field: fields.whole(key) for field, key in _WHOLE.items()}
    given |= {field: fields.flag(key) for field, key in _FLAGS.items()}
    given |= {field: fields.list(key) for field, key in _LISTS.items()}
    given |= {
        "cpus": fields.number("cpus"),
        "env": _environment(fields, path.parent, variables),
        "sysctl": _joined(fields, "sysctls"),
        "add_host": _joined(fields, "extra_hosts", ":"),
        "ulimit": _ulimits(fields),
        "stop_timeout": _grace(fields),
        "no_new_privileges": security.no_new_privileges,
        "apparmor": security.apparmor,
        "seccomp": security.seccomp,
        **_command(fields),
        **_health(fields.mapping("healthcheck")),
        **_network(fields, name),
    }
    volumes, memory = service_mounts(fields, path.parent)
    given["volumes"] = (*volumes, *service_files(fields, document, path))
    given["tmpfs"] += memory
    _add_limits(fields.mapping("deploy"), given)
    for capability in (*given["cap_add"], *given["cap_drop"]):
        check_capability(capability)
    said = {field: value for field, value in given.items() if value is not None}
    try:
        return msgspec.convert(said, Launch)
    except msgspec.ValidationError as error:
        raise ComposeError(f"{fields.where} cannot be started so ({error}).") from None


def _command(fields: Fields) -> dict[str, Any]:
    """As in `docker run`, an entry point of the file's own takes the image's command away."""
    command, entry = fields.words("command"), fields.words("entrypoint")
    if entry is None:
        return {"command": command or ()}
    head, *rest = entry or ("",)
    return {"entrypoint": head, "command": (*rest, *(command or ()))}


def _environment(fields: Fields, folder: Path, known: Mapping[str, str]) -> tuple[str, ...]:
    words: list[str] = []
    entries = fields.take("env_file") or []
    for entry in entries if isinstance(entries, list) else [entries]:
        file = Fields(
            f"{fields.where}, env_file", entry if isinstance(entry, dict) else {"path": entry}
        )
        path = folder / (file.text("path") or "")
        required = file.take("required") is not False
        file.finish()
        if required or path.exists():
            words += env_file(path)
    pairs = [
        (name, value if mark else None) for name, mark, value in (w.partition("=") for w in words)
    ]
    pairs += fields.pairs("environment")
    # A name alone takes its value from the shell; without one there it is not set.
    given = {name: known.get(name) if value is None else value for name, value in pairs}
    return tuple(f"{name}={value}" for name, value in given.items() if value is not None)


def _joined(fields: Fields, key: str, mark: str = "=") -> tuple[str, ...]:
    return tuple(f"{name}{mark}{value or ''}" for name, value in fields.pairs(key, mark))


def _ulimits(fields: Fields) -> tuple[str, ...]:
    limits = fields.mapping("ulimits")
    found = []
    for name, value in limits.items():
        pair = Fields(
            limits.where, value if isinstance(value, dict) else {"soft": value, "hard": value}
        )
        found.append(f"{name}={pair.whole('soft')}:{pair.whole('hard')}")
    return tuple(found)


def _grace(fields: Fields) -> int | None:
    time = fields.text("stop_grace_period")
    if time is None:
        return None
    if not (time.endswith("s") and time[:-1].isdecimal()):
        raise fields.wrong("stop_grace_period", "whole seconds (10s)")
    return int(time[:-1])


def _health(fields: Fields) -> dict[str, Any]:
    test, off = fields.take("test"), fields.flag("disable")
    found = {
        "health_interval": fields.text("interval"),
        "health_timeout": fields.text("timeout"),
        "health_start_period": fields.text("start_period"),
        "health_retries": fields.whole("retries"),
    }
    fields.ignore("start_interval")
    fields.finish()
    if off or test in ("NONE", ["NONE"]):
        return {"no_healthcheck": True}
    return {**found, "health_cmd": _test(fields, test)}


def _test(fields: Fields, test: object) -> str | None:
    if test is None or isinstance(test, str):
        return test
    if isinstance(test, list) and all(isinstance(word, str) for word in test) and len(test) > 1:
        if test[0] == "CMD-SHELL":
            return str(test[1])
        if test[0] == "CMD":
            return shlex.join(test[1:])
    raise fields.wrong("test", "a text, or a list that begins with CMD or CMD-SHELL")


def _network(fields: Fields, name: str) -> dict[str, Any]:
    """One network of the stack's own has them all, whatever networks the file describes."""
    networks, mode = fields.take("networks"), fields.text("network_mode")
    alias = fields.text("container_name")
    if mode in _OWN_NETWORKS:
        return {"network": mode}
    if mode is not None:
        raise ComposeError(
            f"{fields.where} has network_mode {escape_untrusted(mode)}, which BeaCon does not "
            f"support: use {', '.join(_OWN_NETWORKS)}, or leave it out."
        )
    aliases = [name, *([alias] if alias else [])]
    if isinstance(networks, dict):
        for network, said in networks.items():
            inner = Fields(f"{fields.where}, network {escape_untrusted(str(network))}", said or {})
            aliases += inner.list("aliases")
            inner.ignore("priority", "gw_priority")
            inner.finish()
    return {"network": MadeNetwork.STACK.value, "network_alias": tuple(dict.fromkeys(aliases))}


def _add_limits(deploy: Fields, given: dict[str, Any]) -> None:
    """The limits of `deploy`, which count where the older keys say nothing."""
    resources = deploy.mapping("resources")
    limits = resources.mapping("limits")
    found = {
        "memory": limits.text("memory"),
        "cpus": limits.number("cpus"),
        "pids_limit": limits.whole("pids"),
    }
    reserved = resources.mapping("reservations")
    found["memory_reservation"] = reserved.text("memory")
    reserved.ignore("cpus")
    for each in (limits, reserved, resources):
        each.finish()
    deploy.ignore(
        "labels",
        "mode",
        "placement",
        "replicas",
        "restart_policy",
        "update_config",
        "rollback_config",
    )
    deploy.finish()
    given |= {name: value for name, value in found.items() if given[name] is None}


def _needs(fields: Fields) -> dict[str, Condition]:
    value = fields.take("depends_on") or []
    if isinstance(value, list):
        return {str(name): Condition.STARTED for name in value}
    found = {}
    for name, said in Fields(f"{fields.where}, depends_on", value).items():
        entry = Fields(f"{fields.where}, depends_on {escape_untrusted(name)}", said or {})
        condition = entry.text("condition") or Condition.STARTED
        entry.ignore("restart", "required")
        entry.finish()
        if condition not in list(Condition):
            raise entry.wrong("condition", " or ".join(Condition))
        found[name] = Condition(condition)
    return found
