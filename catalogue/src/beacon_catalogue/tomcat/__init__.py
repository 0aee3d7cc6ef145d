"""Apache Tomcat."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="tomcat",
    summary="Tomcat: garbage collectors, connectors and life-cycle; driven as a web server",
    workload="http",
    images=("tomcat",),
    programs=("catalina.sh",),
    interpreters=("java",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/usr/local/tomcat/conf",),
)
