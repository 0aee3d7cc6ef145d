"""Every image of the catalogue, started as its catalogue.toml says and driven by its workload.

Needs the images of images/ and a Docker daemon; without them it fails, it does not skip.
"""

from __future__ import annotations

import socket
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from beacon.model.run import Check
from beacon.workloads.interface import Endpoint
from beacon.workloads.registry import find

_IMAGES = Path(__file__).parents[2] / "images"
_NAMES = sorted(path.parent.name for path in _IMAGES.glob("*/catalogue.toml"))
_SECONDS = 120


@contextmanager
def _started(name: str, entry: dict[str, Any], **options: Any) -> Iterator[Endpoint]:
    client = docker.from_env()
    launch = entry.get("launch", {})
    try:
        container = client.containers.run(
            entry["image"],
            launch.get("command"),
            detach=True,
            labels={"beacon.test": "1"},
            environment=launch.get("env", []),
            volumes=[_absolute(name, volume) for volume in launch.get("volumes", [])],
            **{"tmpfs": _tmpfs(launch.get("tmpfs", [])), **options},
        )
        try:
            yield _ready(container, launch)
        finally:
            container.remove(force=True, v=True)
    finally:
        client.close()


def _absolute(name: str, volume: str) -> str:
    """A volume whose source, when relative, is relative to the image's folder."""
    source, target = volume.split(":", 1)
    return f"{_IMAGES / name / source}:{target}"


def _tmpfs(targets: list[str]) -> dict[str, str]:
    return dict((target.partition(":")[::2]) for target in targets)


def _ready(container: Any, launch: dict[str, Any]) -> Endpoint:
    end = time.monotonic() + launch.get("ready_timeout", 60.0)
    while time.monotonic() < end:
        container.reload()
        assert container.status == "running", container.logs(tail=20)
        config = container.attrs["Config"]
        ports = tuple(sorted(int(port.split("/")[0]) for port in config.get("ExposedPorts") or ()))
        address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        if _shows_readiness(container, launch, address, ports):
            env = dict(variable.partition("=")[::2] for variable in config["Env"] or ())
            return Endpoint(container.id, address, ports, env)
        time.sleep(0.2)
    raise AssertionError(f"not ready: {container.logs(tail=20)!r}")


def _shows_readiness(
    container: Any, launch: dict[str, Any], address: str, ports: tuple[int, ...]
) -> bool:
    if line := launch.get("ready_log"):
        return line.encode() in container.logs()
    return not ports or any(_listens(address, port) for port in ports)


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


def _failed(checks: tuple[Check, ...]) -> list[Check]:
    return [check for check in checks if not check.passed]


def _entry(name: str) -> dict[str, Any]:
    return tomllib.loads((_IMAGES / name / "catalogue.toml").read_text())


@pytest.mark.parametrize("name", _NAMES)
def test_an_image_passes_all_checks_twice(name: str) -> None:
    entry = _entry(name)
    workload = find(entry["workload"])
    with _started(name, entry) as endpoint:
        first = workload.drive(endpoint, _SECONDS)
        assert _failed(first) == []
        assert workload.drive(endpoint, _SECONDS) == first


@pytest.mark.parametrize("name", _NAMES)
def test_an_image_serves_from_a_read_only_disk(name: str) -> None:
    entry = _entry(name)
    places = _tmpfs([*entry.get("launch", {}).get("tmpfs", []), *entry.get("writable", [])])
    with _started(name, entry, read_only=True, tmpfs=places) as endpoint:
        assert _failed(find(entry["workload"]).drive(endpoint, _SECONDS)) == []


@pytest.mark.parametrize("name", _NAMES)
def test_names_of_dimensions_begin_with_the_image(name: str) -> None:
    dimensions = _entry(name).get("dimensions", [])
    assert all(dimension["name"].startswith(f"{name}-") for dimension in dimensions)
    assert all(dimension["why"] and dimension["values"] for dimension in dimensions)
