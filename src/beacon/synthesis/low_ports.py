"""A capability for the ports below 1024 that a container takes without one, as Docker lets it.

Docker sets net.ipv4.ip_unprivileged_port_start to 0 in each container's own network since 20.10
(https://github.com/moby/moby, daemon/oci_linux.go). containerd's CRI plug-in before 2.0, CRI-O and
Podman leave it at 1024, where only CAP_NET_BIND_SERVICE opens those ports.
"""

from __future__ import annotations

from beacon.data.capabilities import granted
from beacon.errors import UsageError
from beacon.model.entry import Basis, Entry
from beacon.model.event import Capability
from beacon.model.policy import Policy
from beacon.synthesis.entries import with_entries

_BIND = "CAP_NET_BIND_SERVICE"


def with_bind_service(policy: Policy) -> Policy:
    """The policy, with CAP_NET_BIND_SERVICE where it takes such ports.

    UsageError where the launch does not have the capability: no policy grants more.
    """
    ports = policy.low_ports()
    if not ports:
        return policy
    if not granted(policy.launch, _BIND) or policy.intent.pin(Capability(_BIND)) is False:
        raise UsageError(
            f"The container was launched without {_BIND}, or it is pinned as denied: "
            "leave --add-capability-for-ports out."
        )
    because = f"asked for by --add-capability-for-ports: it listens on {_spelt(ports)}"
    added = Entry(event=Capability(_BIND), allowed=True, because=because, basis=Basis.NAMED)
    return with_entries(policy, [*policy.entries, added])


def _spelt(ports: tuple[int, ...]) -> str:
    return ", ".join(map(str, ports[:5])) + ("" if len(ports) <= 5 else ", …")
