"""Any TCP socket, in the clear or behind TLS: the accept path of whatever listens there."""

from __future__ import annotations

from beacon.workloads.service import Service

TCP = Service(
    name="tcp",
    summary="any TCP socket: connections of all kinds, without knowing its protocol",
    workload="tcp",
    drives="beacon.workloads.tcp.workload:TCP",
    understands=False,
)
TLS = Service(
    name="tls",
    summary="any socket behind TLS: handshakes and connections, without knowing its protocol",
    workload="tls",
    drives="beacon.workloads.tcp.workload:TLS",
    understands=False,
)
