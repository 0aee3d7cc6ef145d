"""Redis and Valkey."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="redis",
    summary="Redis or Valkey: data types, persistence, replication, rights, and odd clients",
    workload="redis",
    drives="beacon_catalogue.redis.workload:WORKLOAD",
    ports=(6379,),
    images=("redis", "valkey"),
    programs=("redis-server", "valkey-server"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/usr/local/etc/redis", "/etc/redis"),
    clients=("redis",),
)
