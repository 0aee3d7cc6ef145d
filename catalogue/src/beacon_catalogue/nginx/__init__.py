"""nginx."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="nginx",
    summary="nginx: its configurations, entry point and life-cycle; driven as a web server",
    workload="http",
    images=("nginx", "nginx-unprivileged"),
    programs=("nginx",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/nginx",),
)
