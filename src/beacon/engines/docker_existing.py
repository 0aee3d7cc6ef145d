"""What the engine says of a container that somebody else made: how it was started, how it lives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from docker.errors import NotFound

from beacon.engines.docker_container import DockerContainer
from beacon.engines.docker_guard import answering
from beacon.engines.docker_image import read_image
from beacon.engines.interface import ContainerNotFoundError, Existing, Life
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted

#: Names and ids. Either becomes a part of an address in the engine's API.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")

#: Launch's words for those of the engine's `HostConfig`; the values mean the same.
_SAME = {
    "cap_add": "CapAdd", "cap_drop": "CapDrop", "group_add": "GroupAdd", "add_host": "ExtraHosts",
    "dns": "Dns", "dns_option": "DnsOptions", "pids_limit": "PidsLimit", "cpu_shares": "CpuShares",
    "cpuset_cpus": "CpusetCpus", "pid": "PidMode", "uts": "UTSMode", "ipc": "IpcMode",
    "cgroupns": "CgroupnsMode", "init": "Init", "read_only": "ReadonlyRootfs",
    "oom_score_adj": "OomScoreAdj",
}  # fmt: skip
#: What the engine writes where nobody asked for anything.
_USUAL = {
    "ipc": ("private", "shareable"), "cgroupns": ("host", "private"), "pids_limit": (-1,),
}  # fmt: skip
_SHARED_MEMORY = 64 << 20
_WITH_FILTER = ("seccomp=", "seccomp:")


def inspect(api: Any, name: str) -> Mapping[str, Any]:
    """The engine's answer for a container, by name or id; ContainerNotFoundError."""
    if _NAME.fullmatch(name):
        with answering(), suppress(NotFound):
            document: Mapping[str, Any] = api.inspect_container(name)
            return document
    raise ContainerNotFoundError(
        f"There is no container '{escape_untrusted(name)}': `docker ps` or `podman ps` lists those "
        "that run."
    )


def existing(api: Any, name: str) -> Existing:
    """The container of this name or id; ContainerNotFoundError."""
    return described(api, inspect(api, name))


def described(api: Any, found: Mapping[str, Any]) -> Existing:
    """The container that the engine's answer describes."""
    with answering():
        image = api.inspect_image(found["Image"])
        driver = api.info().get("CgroupDriver")
    return Existing(
        container=DockerContainer(api, found["Id"]),
        name=escape_untrusted(str(found["Name"])).removeprefix("/"),
        image=read_image(str(found["Config"]["Image"]), image),
        launch=launch(found, image),
        seccomp=seccomp(found),
        cgroup=cgroup(found, systemd=driver == "systemd"),
    )


def life(document: Mapping[str, Any]) -> Life:
    """How the container lives at the moment of the engine's answer."""
    state = document.get("State") or {}
    # Between two starts by its restart policy it may count as running, without a process.
    alive = bool(state.get("Running") or state.get("Restarting"))
    return Life(alive, int(state.get("Pid") or 0), str(state.get("StartedAt")))


def seccomp(document: Mapping[str, Any]) -> str | None:
    """The text of its seccomp profile, or `unconfined`; None for the engine's default."""
    host = document.get("HostConfig") or {}
    if host.get("Privileged"):
        return "unconfined"
    words = (word for word in host.get("SecurityOpt") or () if word.startswith(_WITH_FILTER))
    return next((word[len(_WITH_FILTER[0]) :] for word in words), None)


def cgroup(document: Mapping[str, Any], *, systemd: bool) -> str:
    """The path of the cgroup in which the engine starts it, by the driver's rules.

    systemd writes a slice's ancestors into its name: `a-b.slice` is below `a.slice`.
    """
    parent, name = (document.get("HostConfig") or {}).get("CgroupParent"), str(document["Id"])
    if not systemd:
        return f"{parent or '/docker'}/{name}"
    return f"{slices(parent or 'system.slice')}/docker-{name}.scope"


def slices(name: str) -> str:
    """The path of a slice of systemd's: `/a.slice/a-b.slice` for `a-b.slice`."""
    words = name.removesuffix(".slice").split("-")
    return "".join("/" + "-".join(words[: n + 1]) + ".slice" for n in range(len(words)))


def launch(document: Mapping[str, Any], image: Mapping[str, Any]) -> Launch:
    """The options that would start it again, but for what its image says itself.

    Without ports, logging and health checks: the container sees nothing of them.
    """
    config, host = document.get("Config") or {}, document.get("HostConfig") or {}
    defaults = image.get("Config") or {}
    found = {
        **_process(config, defaults),
        **_host(host),
        "tty": bool(config.get("Tty")),
        "interactive": bool(config.get("OpenStdin")),
        "volumes": tuple(_volumes(host)),
        "tmpfs": tuple(_pairs(host.get("Tmpfs"), ":")),
        "sysctl": tuple(_pairs(host.get("Sysctls"), "=")),
        "ulimit": tuple(
            f"{each['Name']}={each['Soft']}:{each['Hard']}" for each in host.get("Ulimits") or ()
        ),
        "device": tuple(
            f"{each['PathOnHost']}:{each['PathInContainer']}:{each['CgroupPermissions']}"
            for each in host.get("Devices") or ()
        ),
    }
    return Launch(**{name: value for name, value in found.items() if value})


def _process(config: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    found: dict[str, Any] = {}
    if words != [*(image.get("Entrypoint") or ()), *(image.get("Cmd") or ())]:
        found = {"entrypoint": words[0] if words else None, "command": tuple(words[1:])}
    known = set(image.get("Env") or ())
    found["env"] = tuple(word for word in config.get("Env") or () if word not in known)
    for name, field in (("user", "User"), ("workdir", "WorkingDir"), ("stop_signal", "StopSignal")):
        if config.get(field) != image.get(field):
            found[name] = config.get(field)
    return found


def _host(host: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in _SAME.items():
        value = host.get(field)
        if value not in _USUAL.get(name, ()):
            found[name] = tuple(value) if isinstance(value, list) else value
    network = host.get("NetworkMode")
    found["network"] = None if network in ("default", "bridge") else network
    security = host.get("SecurityOpt") or ()
    found["no_new_privileges"] = any(word.startswith("no-new-privileges") for word in security)
    profiles = (word.partition("=")[2] for word in security if word.startswith("apparmor="))
    found["apparmor"] = next(profiles, None)
    for name, field, usual in (("memory", "Memory", 0), ("shm_size", "ShmSize", _SHARED_MEMORY)):
        size = host.get(field)
        found[name] = str(size) if size and size != usual else None
    restart = (host.get("RestartPolicy") or {}).get("Name")
    found["restart"] = None if restart in ("", "no") else restart
    return found


def _volumes(host: Mapping[str, Any]) -> Iterator[str]:
    yield from host.get("Binds") or ()
    for mount in host.get("Mounts") or ():
        if mount.get("Type") in ("bind", "volume"):
            way = ":ro" if mount.get("ReadOnly") else ""
            source = mount.get("Source")
            yield f"{source}:{mount['Target']}{way}" if source else mount["Target"]


def _pairs(found: Mapping[str, str] | None, sign: str) -> Iterator[str]:
    for name, value in sorted((found or {}).items()):
        yield f"{name}{sign}{value}" if value else name
