"""The securityContext of a policy: of a Pod, and of the container in it.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context
"""

from __future__ import annotations

from typing import Any

from beacon.export.kubernetes_container import groups, user
from beacon.export.kubernetes_sysctls import sysctls
from beacon.export.launched import capabilities
from beacon.export.names import resource_name
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy


def local_profile(policy: Policy) -> str:
    """Where a node has seccomp.json, below the kubelet's folder for profiles."""
    return f"beacon/{resource_name(policy.image.reference)}.json"


def on_every_node(policy: Policy) -> str:
    """A remark on the place of seccomp.json."""
    place = f"/var/lib/kubelet/seccomp/{local_profile(policy)}"
    return f"On every node: {SeccompExporter.file} as {place}"


def pod_security(policy: Policy) -> dict[str, Any]:
    """What the Pod has for all of its containers."""
    security = {"supplementalGroups": groups(policy.launch), "sysctls": sysctls(policy)}
    return {key: value for key, value in security.items() if value}


def container_security(policy: Policy) -> dict[str, Any]:
    """What the one container has."""
    added = capabilities(policy)
    return {
        "seccompProfile": {"type": "Localhost", "localhostProfile": local_profile(policy)},
        "capabilities": {"drop": ["ALL"], **({"add": added} if added else {})},
        "allowPrivilegeEscalation": may_escalate(policy),
        **user(policy.launch),
        **({"readOnlyRootFilesystem": True} if policy.launch.read_only else {}),
    }


def may_escalate(policy: Policy) -> bool:
    """False where the policy was recorded so, but for CAP_SYS_ADMIN: that one always may.

    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    return "SYS_ADMIN" in capabilities(policy) or not policy.launch.no_new_privileges
