"""What Podman says of a container that somebody else made, in Docker's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from beacon.engines.docker_existing import described, inspect, slices
from beacon.engines.docker_guard import answering
from beacon.engines.docker_image import signal_name
from beacon.engines.interface import Existing
from beacon.engines.podman_container import libpod

#: What Podman sets in every container (pkg/specgen/generate), beside what was asked for.
_OWN_VARIABLES = ("TERM=", "container=", "HOME=", "HOSTNAME=")
#: Options of mounts that it writes out where nobody asked for them.
_USUAL_OPTIONS = {"rw", "rprivate", "rbind", "nosuid", "nodev", "tmpcopyup"}
_SIGTERM = "15"
_USUAL_SHARED_MEMORY = 65536000
#: A longer file is not a filter.
_LARGEST_FILTER = 4 << 20


def existing(api: Any, name: str) -> Existing:
    """The container of this name or id; ContainerNotFoundError."""
    document = inspect(api, name)
    found = described(api, as_docker(document))
    with answering():
        said = libpod(api, document["Id"], "json")  # without it, where it has gone meanwhile
        manager = (said.get("HostConfig") or {}).get("CgroupManager")
    seccomp = found.seccomp if found.seccomp is None else _content(found.seccomp)
    return replace(found, cgroup=cgroup(document, str(manager)), seccomp=seccomp)


def as_docker(document: Mapping[str, Any]) -> dict[str, Any]:
    """What Podman says, without what it adds by itself."""
    config, host = dict(document.get("Config") or {}), dict(document.get("HostConfig") or {})
    words = config.get("Env") or ()
    config["Env"] = [word for word in words if not word.startswith(_OWN_VARIABLES)]
    # It fills in what the image leaves open, and spells signals by number.
    if config.get("WorkingDir") == "/":
        del config["WorkingDir"]
    number = config.pop("StopSignal", None)
    if str(number) != _SIGTERM:
        config["StopSignal"] = signal_name(str(number))
    host["Binds"] = [_bind(word) for word in host.get("Binds") or ()]
    host["Tmpfs"] = {n: _options(each) for n, each in (host.get("Tmpfs") or {}).items()}
    host["Ulimits"] = [
        {**each, "Name": str(each["Name"]).removeprefix("RLIMIT_").lower()}
        for each in host.get("Ulimits") or ()
    ]
    usual = {"PidMode": "private", "UTSMode": "private", "ShmSize": _USUAL_SHARED_MEMORY}
    host = {name: value for name, value in host.items() if usual.get(name) != value}
    return {**document, "Config": config, "HostConfig": host}


def cgroup(document: Mapping[str, Any], manager: str) -> str:
    """The path of the cgroup in which Podman starts it."""
    parent = (document.get("HostConfig") or {}).get("CgroupParent")
    name = f"libpod-{document['Id']}"
    if manager == "systemd":
        return f"{slices(parent or 'machine.slice')}/{name}.scope"
    return f"{parent or '/libpod_parent'}/{name}"


def _bind(word: str) -> str:
    source, target, *more = word.split(":")
    kept = _options(":".join(more))
    return f"{source}:{target}:{kept}" if kept else f"{source}:{target}"


def _options(words: str) -> str:
    return ",".join(each for each in words.split(",") if each not in _USUAL_OPTIONS)


def _content(seccomp: str) -> str:
    """A filter's text: Podman keeps the path of its file, which may have changed or gone."""
    path = Path(seccomp)
    try:
        if path.is_absolute() and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                return file.read(_LARGEST_FILTER)
    except (OSError, ValueError):
        pass
    return seccomp
