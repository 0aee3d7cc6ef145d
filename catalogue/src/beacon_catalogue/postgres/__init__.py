"""PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="postgres",
    summary="PostgreSQL: SQL, languages, sessions, replication, maintenance, and odd clients",
    workload="postgres",
    drives="beacon_catalogue.postgres.workload:WORKLOAD",
    ports=(5432,),
    images=("postgres", "postgis", "timescaledb"),
    programs=("postgres",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/postgresql", "/var/lib/postgresql/data/postgresql.conf"),
    clients=("psycopg",),
)
