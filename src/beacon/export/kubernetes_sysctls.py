"""A Pod's sysctls: those of the launch, and those that Docker sets by itself.

Docker sets both in each container's own network since 20.10 (https://github.com/moby/moby,
daemon/oci_linux.go), containerd's CRI plug-in since 2.0 (`enable_unprivileged_ports`,
`enable_unprivileged_icmp`); CRI-O and Podman do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from beacon.model.launch import Launch
from beacon.model.policy import Policy

_PORT_START = "net.ipv4.ip_unprivileged_port_start"
#: The groups that may open ICMP sockets; no capability stands in for them (Linux,
#: net/ipv4/ping.c: ping_init_sock). It holds for IPv6, too.
_PING_GROUPS = "net.ipv4.ping_group_range"
_EVERYBODY = "0 2147483647"

#: What a kubelet of Kubernetes 1.32 lets every Pod set, and the Pod Security Standards' baseline as
#: well; newer ones add to it.
#: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
SAFE = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
     _PING_GROUPS, _PORT_START, "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
     "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
     "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
)  # fmt: skip

#: By the field with which a Pod has the host's namespace: the sysctls of that namespace.
_NAMESPACES = {
    "hostNetwork": ("net.",),
    "hostIPC": ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."),
}


def of_host(sysctl: str, spec: Mapping[str, Any]) -> str | None:
    """The field by which a Pod shares the host's namespace of a sysctl; None where it does not.

    A kubelet admits no such Pod (https://github.com/kubernetes/kubernetes,
    pkg/kubelet/sysctl/allowlist.go).
    """
    shared = (field for field, names in _NAMESPACES.items() if sysctl.startswith(names))
    return next((field for field in shared if spec.get(field)), None)


def sysctls(policy: Policy) -> list[dict[str, str]]:
    """All of them, in the words of a Pod's securityContext."""
    return [{"name": n, "value": v} for n, v in (_given(policy.launch) | _set(policy)).items()]


def remarks(policy: Policy) -> Iterator[str]:
    """Why the Pod sets a sysctl that nobody gave, and what sets none."""
    ports = ", ".join(map(str, policy.low_ports()))
    if policy.launch.network == "host":
        if ports:
            yield f"On the host's network it takes port {ports} by CAP_NET_BIND_SERVICE only: write"
            yield "the policy with --add-capability-for-ports."
        if policy.opens_ping_sockets():
            yield f"On the host's network the node's {_PING_GROUPS} says who may ping."
        return
    added = _set(policy)
    if _PORT_START in added:
        yield f"Docker lets everybody take port {ports}; not every runtime does: hence the sysctl,"
        yield "safe since Kubernetes 1.22 (--add-capability-for-ports: the capability instead)."
    if _PING_GROUPS in added:
        yield "Docker lets everybody open ICMP sockets (ping); not every runtime does: hence the"
        yield "sysctl, safe since Kubernetes 1.18."
    if unsafe := ", ".join(sorted(_given(policy.launch).keys() - SAFE)):
        yield f"The node's kubelet has to allow (--allowed-unsafe-sysctls): {unsafe}"


def _given(launch: Launch) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in launch.sysctl)}


def _set(policy: Policy) -> dict[str, str]:
    """What Docker set without being told, as far as the container used it."""
    if policy.launch.network == "host":
        return {}
    used = {_PORT_START: "0"} if policy.low_ports() else {}
    if policy.opens_ping_sockets():
        used[_PING_GROUPS] = _EVERYBODY
    given = _given(policy.launch)
    return {name: value for name, value in used.items() if name not in given}
