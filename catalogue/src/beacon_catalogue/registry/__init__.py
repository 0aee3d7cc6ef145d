"""The container registry (OCI distribution)."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="registry",
    summary="a container registry: pushes, pulls, manifests, lists, malformed input",
    workload="registry",
    drives="beacon_catalogue.registry.workload:WORKLOAD",
    ports=(5000,),
    guessed=False,
    images=("registry", "distribution"),
    programs=("registry", "docker-registry"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/docker/registry",),
    clients=("httpx",),
)
