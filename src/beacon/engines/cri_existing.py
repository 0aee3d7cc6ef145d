"""What a CRI runtime says of a container that somebody else made, such as a kubelet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.engines.cri_client import CriClient, NotThereError, messages
from beacon.engines.cri_container import CriContainer, Found, first_process
from beacon.engines.cri_images import parsed
from beacon.engines.cri_sandbox import SandboxView
from beacon.engines.interface import ContainerNotFoundError, Existing, Image, Life
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.text import escape_untrusted

#: What the runtime or a kubelet mounts by itself.
_MOUNTED = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/shm", "/dev/termination-log"}  # noqa: S108
)
#: containerd writes a scope of systemd's so: slice, prefix, id.
_SCOPE = 3


def existing(
    client: CriClient,
    name: str,
    image_of: Callable[[str], Image],
    root: Callable[[str], AbstractContextManager[int]],
    *,
    private: bool,
) -> Existing:
    """The container of this name or id; ContainerNotFoundError."""
    identifier = _identifier(client, name)
    request = messages.ContainerStatusRequest(container_id=identifier, verbose=True)
    answer = client.call(client.runtime.ContainerStatus, request)
    status, info = answer.status, parsed(answer.info.get("info"))
    specification = _mapping(info.get("runtimeSpec"))
    image = image_of(status.image_ref or status.image.image)
    host = not any(
        each.get("type") == "network" for each in _list(_linux(specification), "namespaces")
    )
    sandbox = SandboxView(
        client, str(info.get("sandboxID") or ""), private=private, shares_network=host
    )
    container = CriContainer(
        Found(client, sandbox, identifier, Path(status.log_path), {}),
        root,
        own_sandbox=False,
        job=False,
        terminal=False,
    )
    return Existing(
        container=container,
        name=escape_untrusted(status.metadata.name),
        image=image,
        launch=launch(specification, image),
        seccomp=_seccomp(info, specification),
        cgroup=cgroup(str(_linux(specification).get("cgroupsPath") or "")),
    )


def life(client: CriClient, container: str, *, private: bool) -> Life:
    """How it lives just now; ContainerNotFoundError."""
    request = messages.ContainerStatusRequest(container_id=container)
    try:
        status = client.call(client.runtime.ContainerStatus, request).status
    except NotThereError:
        raise _unknown(container) from None
    alive = status.state == messages.CONTAINER_RUNNING
    pid = first_process(client, container, private=private) if alive else 0
    return Life(bool(alive), pid, str(status.started_at))


def _identifier(client: CriClient, name: str) -> str:
    """By id, its beginning, or its name in its Pod, of which the youngest counts."""
    answer = client.call(client.runtime.ListContainers, messages.ListContainersRequest())
    found = sorted(answer.containers, key=lambda each: each.created_at)
    own = [each.id for each in found if each.id == name]
    short = [each.id for each in found if len(name) >= _SHORT and each.id.startswith(name)]
    named = [each.id for each in found if each.metadata.name == name]
    for kept in (own, short, named):
        if kept:
            return str(kept[-1])
    raise _unknown(name)


#: What `crictl ps` shows of an id.
_SHORT = 12


def _unknown(name: str) -> ContainerNotFoundError:
    return ContainerNotFoundError(
        f"There is no container '{escape_untrusted(name)}': `crictl ps` lists those that run."
    )


def launch(specification: Mapping[str, Any], image: Image) -> Launch:
    """The options that would start it again, but for what its image says itself."""
    process, own = _mapping(specification.get("process")), _linux(specification)
    words = [str(each) for each in process.get("args") or ()]
    memory = _mapping(_mapping(own.get("resources")).get("memory")).get("limit")
    user, held = _mapping(process.get("user")), _mapping(process.get("capabilities"))
    bounding = {strip_cap_prefix(str(each)) for each in held.get("bounding") or ()}
    found: dict[str, Any] = {
        "env": tuple(str(each) for each in process.get("env") or () if _is_own(str(each))),
        "user": _user(user, image),
        "cap_add": tuple(sorted(bounding - DOCKER_DEFAULT)),
        "cap_drop": tuple(sorted(DOCKER_DEFAULT - bounding)),
        "no_new_privileges": process.get("noNewPrivileges") is True,
        "read_only": _mapping(specification.get("root")).get("readonly") is True,
        "tty": process.get("terminal") is True,
        "memory": str(memory) if isinstance(memory, int) and memory > 0 else None,
        "volumes": tuple(_volumes(specification)),
    }
    if tuple(words) != image.command:
        found |= {"entrypoint": words[0] if words else None, "command": tuple(words[1:])}
    return Launch(**{name: value for name, value in found.items() if value})


def _is_own(variable: str) -> bool:
    """Whether somebody gave it: the runtime adds these."""
    return not variable.startswith(("PATH=", "HOSTNAME=", "TERM="))


def _user(user: Mapping[str, Any], image: Image) -> str | None:
    number = str(user.get("uid", 0))
    own = image.user.partition(":")[0]
    if number == own or (number == "0" and own in ("", "root")):
        return None
    return number if own.isdecimal() or not own or own == "root" else None


def _volumes(specification: Mapping[str, Any]) -> Iterator[str]:
    for mount in _list(specification, "mounts"):
        target, source = str(mount.get("destination")), str(mount.get("source"))
        if mount.get("type") == "bind" and target not in _MOUNTED:
            way = ":ro" if "ro" in (mount.get("options") or ()) else ""
            yield f"{source}:{target}{way}"


def _seccomp(info: Mapping[str, Any], specification: Mapping[str, Any]) -> str | None:
    """The text of its profile, `unconfined`, or None for the runtime's default."""
    config = _mapping(_mapping(_mapping(info.get("config")).get("linux")).get("security_context"))
    said = _mapping(config.get("seccomp"))
    kinds = messages.SecurityProfile
    kind = said.get("profile_type", kinds.RuntimeDefault if said else None)
    if kind == kinds.RuntimeDefault:
        return None
    filtered = _linux(specification).get("seccomp")
    if not filtered:
        return "unconfined"
    try:
        return Path(str(said.get("localhost_ref"))).read_text()
    except (OSError, ValueError):  # it has gone since, or the runtime does not name it
        return json.dumps(filtered)


def cgroup(path: str) -> str:
    """Where it is; systemd writes a slice's ancestors into its name."""
    words = path.split(":")
    if len(words) != _SCOPE:
        return path
    parts = words[0].removesuffix(".slice").split("-")
    slices = ("-".join(parts[: n + 1]) + ".slice" for n in range(len(parts)))
    return f"/{'/'.join(slices)}/{words[1]}-{words[2]}.scope"


def _linux(specification: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(specification.get("linux"))


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _list(found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    said = found.get(key)
    return [each for each in said if isinstance(each, Mapping)] if isinstance(said, list) else []
