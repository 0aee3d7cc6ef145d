"""kubernetes.yaml: the image as a Pod under the policy.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beacon.export import kubernetes_sysctls as sysctls
from beacon.export import kubernetes_volumes as volumes
from beacon.export.interface import Exporter
from beacon.export.kubernetes_container import (
    fits,
    grace,
    hostname,
    process,
    restart_policy,
    written,
)
from beacon.export.kubernetes_security import (
    container_security,
    may_escalate,
    on_every_node,
    pod_security,
)
from beacon.export.launched import missing, origin, proof, variables
from beacon.export.names import resource_name
from beacon.export.pod_security_level import Rating, rate
from beacon.export.yaml_text import dump
from beacon.model.policy import Policy


class KubernetesExporter(Exporter):
    """One Pod; the container in it can be moved into the template of a Deployment."""

    file = "kubernetes.yaml"

    def render(self, policy: Policy) -> bytes:
        """The Pod, under remarks on what it needs."""
        policy = policy.hardened()
        name = resource_name(policy.image.reference)
        document = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": _spec(policy, name),
        }
        return dump(document, _comments(policy, name, rate(document)))


def _comments(policy: Policy, name: str, rating: Rating) -> Iterator[str]:
    launch = policy.launch
    yield origin(policy)
    yield from proof(policy)
    yield on_every_node(policy)
    yield rating.sentence()
    yield from _conflict(policy)
    yield from sysctls.remarks(policy)
    if any(fits(word) for word in variables(launch)):
        yield f"Values of its variables may be secrets: put them into a Secret named {name}."
    yield from (f"To add: the variable {word}" for word in variables(launch) if not fits(word))
    yield from volumes.remarks(launch)
    yield from missing(launch, written(launch))


def _conflict(policy: Policy) -> Iterator[str]:
    if policy.launch.no_new_privileges and may_escalate(policy):
        yield "Recorded with no-new-privileges, which Kubernetes does not have with CAP_SYS_ADMIN:"
        yield "under this policy the container may not start. Profile the image without it."


def _spec(policy: Policy, name: str) -> dict[str, Any]:
    mounted, declared = volumes.volumes(policy.launch)
    spec = {
        "hostname": hostname(policy.launch),
        "restartPolicy": restart_policy(policy),
        "terminationGracePeriodSeconds": grace(policy.launch),
        "securityContext": pod_security(policy),
        "containers": [_container(policy, name, mounted)],
        "volumes": declared,
    }
    return {key: value for key, value in spec.items() if value not in (None, {}, [])}


def _container(policy: Policy, name: str, mounted: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": policy.image.reference,
        **process(policy.launch, name),
        "securityContext": container_security(policy),
    }
    return {**container, "volumeMounts": mounted} if mounted else container
