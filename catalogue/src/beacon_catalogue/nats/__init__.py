"""NATS servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="nats",
    summary="NATS: subjects, requests, queue groups, headers, streams, monitoring, malformed input",
    workload="nats",
    drives="beacon_catalogue.nats.workload:WORKLOAD",
    ports=(4222,),
    besides={8222: "monitoring"},
    images=("nats", "bitnami/nats"),
    programs=("nats-server", "gnatsd"),
    probes=(Probe(b"", re.compile(rb'INFO +\{[^\r\n]{0,4096}"server_id"')),),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/nats/conf", "/etc/nats"),
    clients=("httpx",),
)
