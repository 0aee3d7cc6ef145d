"""etcd."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

_VERSION = b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

SERVICE = Service(
    name="etcd",
    summary="etcd: keys, transactions, leases, watches, locks, maintenance, malformed input",
    workload="etcd",
    drives="beacon_catalogue.etcd.workload:WORKLOAD",
    ports=(2379,),
    besides={2380: "peer port"},
    images=("etcd", "coreos/etcd", "etcd-development/etcd", "bitnami/etcd"),
    programs=("etcd",),
    probes=(Probe(_VERSION, re.compile(rb'(?s)HTTP/1\.1 200 .{0,2000}?\{"etcdserver":"')),),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/etcd",),
    clients=("httpx",),
)
