"""Redis and Valkey."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="redis",
    summary="Redis or Valkey: data types, persistence, replication, rights, malformed input",
    workload="redis",
    drives="beacon_catalogue.redis.workload:WORKLOAD",
    ports=(6379,),
    images=("redis", "valkey"),
    # Debian has one file for all of them.
    programs=("redis-server", "valkey-server", "redis-check-rdb"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/usr/local/etc/redis", "/etc/redis"),
    clients=("redis",),
    probes=(Probe(b"PING\r\n", re.compile(rb"\+PONG|-NOAUTH|-DENIED")),),
)
