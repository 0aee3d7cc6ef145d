"""kubernetes.yaml: the image as a Pod under the policy.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beacon.export.interface import Exporter
from beacon.export.kubernetes_container import WRITTEN, fits, groups, process, user, volumes
from beacon.export.launched import capabilities, missing, mounts, origin, variables
from beacon.export.names import resource_name
from beacon.export.seccomp import SeccompExporter
from beacon.export.yaml_text import dump
from beacon.model.launch import Launch
from beacon.model.policy import Policy

#: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
_PORT_START = "net.ipv4.ip_unprivileged_port_start"


class KubernetesExporter(Exporter):
    """One Pod; the container in it can be moved into the template of a Deployment."""

    file = "kubernetes.yaml"

    def render(self, policy: Policy, directory: Path) -> bytes:
        """The Pod, under remarks on what it needs."""
        name = resource_name(policy.image.reference)
        document = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": _spec(policy, name),
        }
        return dump(document, _comments(policy, name))


def _comments(policy: Policy, name: str) -> Iterator[str]:
    launch = policy.launch
    yield origin(policy)
    yield f"On every node: {SeccompExporter.file} as /var/lib/kubelet/seccomp/beacon/{name}.json"
    yield from _conflict(policy)
    yield from _ports(policy)
    if any(fits(word) for word in variables(launch)):
        yield f"Values of its variables may be secrets: put them into a Secret named {name}."
    yield from (f"To add: the variable {word}" for word in variables(launch) if not fits(word))
    for mount in mounts(launch):
        if mount.source is not None and not mount.of_host:
            yield f"To add: a claim for the volume {mount.source} at {mount.target}"
    yield from missing(launch, _written(launch))


def _conflict(policy: Policy) -> Iterator[str]:
    if policy.launch.no_new_privileges and _may_escalate(policy):
        yield "Recorded with no-new-privileges, which Kubernetes does not have with CAP_SYS_ADMIN:"
        yield "under this policy the container may not start. Profile the image without it."


def _written(launch: Launch) -> frozenset[str]:
    numbers = {"user": user(launch), "group_add": groups(launch)}
    return WRITTEN | {option for option, ids in numbers.items() if ids}


def _spec(policy: Policy, name: str) -> dict[str, Any]:
    mounted, declared = volumes(policy.launch)
    spec = {
        "terminationGracePeriodSeconds": policy.launch.stop_timeout,
        "securityContext": _pod_security(policy),
        "containers": [_container(policy, name, mounted)],
        "volumes": declared,
    }
    return {key: value for key, value in spec.items() if value not in (None, {}, [])}


def _container(policy: Policy, name: str, mounted: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": policy.image.reference,
        **process(policy.launch, name),
        "securityContext": _security(policy, name),
    }
    return {**container, "volumeMounts": mounted} if mounted else container


def _ports(policy: Policy) -> Iterator[str]:
    """Why the Pod sets a sysctl, or what it needs where it cannot."""
    if not (ports := ", ".join(map(str, policy.low_ports()))):
        return
    if policy.launch.network == "host":
        yield f"On the host's network it takes port {ports} by CAP_NET_BIND_SERVICE only: write the"
        yield "policy with --add-capability-for-ports."
    elif not _opens_ports(policy.launch):
        yield f"Docker lets everybody take port {ports}; not every runtime does: hence the sysctl,"
        yield "safe since Kubernetes 1.22 (--add-capability-for-ports: the capability instead)."


def _opens_ports(launch: Launch) -> bool:
    return any(word.partition("=")[0] == _PORT_START for word in launch.sysctl)


def _pod_security(policy: Policy) -> dict[str, Any]:
    launch = policy.launch
    sysctls = [dict(zip(("name", "value"), w.split("=", 1), strict=False)) for w in launch.sysctl]
    if policy.low_ports() and launch.network != "host" and not _opens_ports(launch):
        sysctls.append({"name": _PORT_START, "value": "0"})
    security = {"supplementalGroups": groups(launch), "sysctls": sysctls}
    return {key: value for key, value in security.items() if value}


def _security(policy: Policy, name: str) -> dict[str, Any]:
    added = capabilities(policy)
    return {
        "seccompProfile": {"type": "Localhost", "localhostProfile": f"beacon/{name}.json"},
        "capabilities": {"drop": ["ALL"], **({"add": added} if added else {})},
        "allowPrivilegeEscalation": _may_escalate(policy),
        **user(policy.launch),
        **({"readOnlyRootFilesystem": True} if policy.launch.read_only else {}),
    }


def _may_escalate(policy: Policy) -> bool:
    """False where the policy was recorded so, but for CAP_SYS_ADMIN: that one always may.

    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    return "SYS_ADMIN" in capabilities(policy) or not policy.launch.no_new_privileges
