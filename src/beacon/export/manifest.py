"""Manifests of Kubernetes that a user has: the Pods in them, by the resources that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from beacon.errors import UsageError
from beacon.export.yaml_text import load_all

#: Where each kind has its Pod.
_PODS: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_LISTS = ("initContainers", "containers")
_REGISTRY, _OFFICIAL = "docker.io", "library/"
#: What of a name before its first slash is a registry: https://github.com/distribution/reference
_HOST = re.compile(r"localhost|.*[.:].*")


class Workload(NamedTuple):
    """A resource with a Pod in it: the fields that name it, and where the Pod is."""

    api_version: str
    kind: str
    metadata: dict[str, Any]
    path: tuple[str, ...]
    pod: dict[str, Any]

    @property
    def name(self) -> str:
        """`Deployment web`, as messages call it."""
        return f"{self.kind} {self.metadata['name']}"

    def containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The list that each is in, and the container."""
        spec = fields(self.pod.get("spec"))
        for name in _LISTS:
            listed = spec.get(name)
            for each in listed if isinstance(listed, list) else ():
                if isinstance(each, dict):
                    yield name, each


def workloads(text: str, file: str) -> list[Workload]:
    """Those in a manifest of one or several documents; UsageError for what is not one."""
    try:
        documents = [each for each in load_all(text) if each is not None]
    except ValueError as error:
        raise UsageError(
            f"{file} cannot be read ({error}): name a manifest without templates and aliases."
        ) from None
    resources = [each for document in documents for each in _listed(document)]
    return [_workload(each, file) for each in resources if str(each.get("kind")) in _PODS]


def _listed(document: Any) -> Iterator[dict[str, Any]]:
    found = fields(document)
    items = found.get("items") if str(found.get("kind")).endswith("List") else None
    for each in items if isinstance(items, list) else [found]:
        yield fields(each)


def _workload(resource: dict[str, Any], file: str) -> Workload:
    metadata = fields(resource.get("metadata"))
    named: dict[str, Any] = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    if "name" not in named or not all(isinstance(value, str) for value in named.values()):
        raise UsageError(
            f"{file} has a {resource['kind']} without a name, which no patch finds: name it."
        )
    path = _PODS[resource["kind"]]
    pod = resource
    for key in path:
        pod = fields(pod.get(key))
    return Workload(str(resource.get("apiVersion")), resource["kind"], named, path, pod)


def fields(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def same_image(one: str, other: str) -> bool:
    """Whether two names are of the same image: `nginx` is `docker.io/library/nginx:latest`."""
    return _whole(one) == _whole(other)


def spellings(repository: str) -> list[str]:
    """All names of a repository, which is given without tag and digest."""
    host, rest = _parted(repository)
    if host != _REGISTRY:
        return [repository]
    short = rest.removeprefix(_OFFICIAL)
    names = dict.fromkeys((short, rest)) if "/" not in short else [rest]
    return [f"{prefix}{name}" for prefix in ("", f"{host}/", f"index.{host}/") for name in names]


def _whole(reference: str) -> str:
    name, at, digest = reference.partition("@")
    host, rest = _parted(name)
    repository, _, tag = rest.partition(":")
    # With a digest the tag says nothing.
    return f"{host}/{repository}" + (f"@{digest}" if at else f":{tag or 'latest'}")


def _parted(name: str) -> tuple[str, str]:
    """The registry of a name, and what it calls the image."""
    host, slash, rest = name.partition("/")
    if not (slash and _HOST.fullmatch(host)):
        host, rest = _REGISTRY, name
    if host.removeprefix("index.") == _REGISTRY:
        return _REGISTRY, rest if "/" in rest else f"{_OFFICIAL}{rest}"
    return host, rest
