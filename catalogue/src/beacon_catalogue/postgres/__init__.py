"""PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="postgres",
    summary="PostgreSQL: SQL, languages, sessions, replication, maintenance, malformed input",
    workload="postgres",
    drives="beacon_catalogue.postgres.workload:WORKLOAD",
    ports=(5432,),
    images=("postgres", "postgis", "timescaledb"),
    programs=("postgres",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/postgresql",),
    clients=("psycopg",),
    probes=(  # Whether it encrypts: one letter.
        Probe(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", re.compile(rb"[SN]\Z")),
    ),
)
