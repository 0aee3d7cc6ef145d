"""HAProxy."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="haproxy",
    summary="HAProxy: its configurations and life-cycle; driven as a web server",
    workload="http",
    images=("haproxy",),
    programs=("haproxy",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/usr/local/etc/haproxy", "/etc/haproxy"),
)
