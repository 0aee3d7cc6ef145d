"""A container of a Pod as a launch.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted
from beacon.pod.document import PodFields
from beacon.pod.interface import PodContainer, PodError, Role
from beacon.pod.probes import read_care
from beacon.pod.quantities import quantity
from beacon.pod.security import Profiles, Shared, read_rights
from beacon.pod.variables import Data, Facts, expand, variables
from beacon.pod.volumes import Volumes, mounts

#: They change nothing that the container sees.
_WITHOUT_EFFECT = (
    "imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy", "resizePolicy",
    "stdinOnce",
)  # fmt: skip
_APPARMOR, _LOCAL = "container.apparmor.security.beta.kubernetes.io/", "localhost/"
#: cpu.shares of one processor, and the fewest that the kernel takes.
_SHARES, _FEWEST = 1024, 2
#: Of a processor, what a kubelet gives at least: a quota of a millisecond (pkg/kubelet/cm).
_SMALLEST_QUOTA = 0.01


@dataclass(frozen=True)
class Surroundings:
    """What the containers of a Pod have in common; `launch` are options that all of them have."""

    data: Data
    facts: Facts
    volumes: Volumes
    shared: Shared
    launch: Mapping[str, Any]
    profiles: Profiles


def read_container(
    where: str, entry: object, around: Surroundings, *, init: bool = False
) -> PodContainer:
    """One of them; PodError for what is ill-typed or not supported."""
    fields = PodFields(f"{where}, containers", entry)
    name = fields.label()
    fields.where = f"{where}, container {escape_untrusted(name)}"
    image = fields.text("image")
    if not image or not name:
        raise PodError(f"{fields.where} lacks its {'image' if name else 'name'}: add it.")
    fields.ignore(*_WITHOUT_EFFECT)
    role = _role(fields, init=init)
    resources = fields.mapping("resources")
    limits = {key: str(value) for key, value in resources.mapping("limits").items()}
    requests = {key: str(value) for key, value in resources.mapping("requests").items()}
    resources.ignore("claims")
    resources.finish()
    # The cluster fills in what is not requested.
    known = _named("limits", limits) | _named("requests", limits | requests)
    environment = variables(fields, around.data, around.facts, known)
    ports = _ports(fields)
    context = fields.mapping("securityContext")
    annotated = {} if context.peek("appArmorProfile") else _apparmor(around.facts, name)
    rights = read_rights(context, around.shared, around.profiles)
    given: dict[str, Any] = {
        **around.launch,
        **rights.launch,
        **annotated,
        **_command(fields, environment),
        **_limits(fields, limits, requests),
        "env": tuple(f"{key}={value}" for key, value in environment.items()),
        "workdir": fields.text("workingDir"),
        "tty": fields.flag("tty"),
        "interactive": fields.flag("stdin"),
        "volumes": mounts(fields, around.volumes),
        "network_alias": (name,),
    }
    care = read_care(fields, ports)
    fields.finish()
    said = {key: value for key, value in given.items() if value is not None}
    try:
        launch = msgspec.convert(said, Launch)
    except msgspec.ValidationError as error:
        raise PodError(f"{fields.where} cannot be started so ({error}).") from None
    return PodContainer(name, image, launch, role, care, rights.non_root)


def _named(group: str, found: Mapping[str, str]) -> dict[str, str]:
    return {f"{group}.{key}": value for key, value in found.items()}


def _apparmor(facts: Facts, name: str) -> dict[str, str]:
    """The profile by annotation, which was its only place before Kubernetes 1.30."""
    said = facts.annotations.get(f"{_APPARMOR}{name}", "")
    found = "unconfined" if said == "unconfined" else said.removeprefix(_LOCAL)
    return {"apparmor": found} if found != said or found == "unconfined" else {}


def _role(fields: PodFields, *, init: bool) -> Role:
    policy = fields.text("restartPolicy")
    if not init:
        return Role.MAIN
    return Role.SIDECAR if policy == "Always" else Role.INIT


def _command(fields: PodFields, known: Mapping[str, str]) -> dict[str, Any]:
    """A kubelet's `command` takes the entry point's place, its `args` those of the image."""
    command = tuple(expand(word, known) for word in fields.list("command"))
    args = tuple(expand(word, known) for word in fields.list("args"))
    if not command:
        return {"command": args}
    return {"entrypoint": command[0], "command": (*command[1:], *args)}


def _ports(fields: PodFields) -> dict[str, int]:
    found = {}
    for entry in fields.many("ports"):
        inner = PodFields(f"{fields.where}, ports", entry)
        name, number = inner.text("name"), inner.count("containerPort")
        inner.ignore("protocol", "hostPort", "hostIP")
        inner.finish()
        if name and number:
            found[name] = number
    return found


def _limits(
    fields: PodFields, limits: Mapping[str, str], requests: Mapping[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    memory, cpu = limits.get("memory"), limits.get("cpu")
    if memory is not None:
        if (size := quantity(memory)) is None:
            raise fields.wrong("limits, memory", "a quantity")
        found["memory"] = str(int(size))
    if cpu is not None:
        if (number := quantity(cpu)) is None:
            raise fields.wrong("limits, cpu", "a quantity")
        found["cpus"] = max(_SMALLEST_QUOTA, float(number)) if number else 0.0
    share = quantity(requests.get("cpu", cpu or ""))
    if share is not None:
        found["cpu_shares"] = max(_FEWEST, int(share * _SHARES))
    return found
