"""The Apache HTTP server."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="httpd",
    summary="Apache: its modules, process models and life-cycle; driven as a web server",
    workload="http",
    images=("httpd",),
    programs=("httpd", "apache2"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/usr/local/apache2/conf", "/etc/apache2"),
)
