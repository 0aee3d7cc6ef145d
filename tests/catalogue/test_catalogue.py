"""Every image of the catalogue starts as its settings say and passes its workload, again and again.

Needs the images that script/images builds and a Docker daemon; without them it fails, it does not
skip.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import catalogue
from beacon.campaign.settings import Settings, read_settings
from beacon.model.launch import Launch
from beacon.workloads.checks import Deadline
from beacon.workloads.discovery import find
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suited import guess
from e2e.commands import docker

_NAMES = catalogue.everything()
_OPTIONS = {"env": "--env", "volumes": "--volume", "tmpfs": "--tmpfs", "user": "--user"}


def _settings(name: str) -> Settings:
    return read_settings(catalogue.settings(name))


@contextmanager
def _started(settings: Settings) -> Iterator[Endpoint]:
    launch, image = settings.launch, str(settings.image)
    options = [word for name in _OPTIONS for value in _given(launch, name) for word in value]
    container = docker(
        "run", "--detach", "--label", "beacon.test=1", *options, image, *launch.command
    )
    try:
        yield _ready(container, launch)
    finally:
        docker("rm", "--force", "--volumes", container)


def _given(launch: Launch, name: str) -> list[tuple[str, str]]:
    value = getattr(launch, name)
    values = (value,) if isinstance(value, str) else value or ()
    return [(_OPTIONS[name], each) for each in values]


def _ready(container: str, launch: Launch) -> Endpoint:
    end = time.monotonic() + launch.ready_timeout
    while time.monotonic() < end:
        endpoint = _endpoint(json.loads(docker("inspect", container))[0])
        if launch.ready_log is not None:
            ready = launch.ready_log in _log(container)
        else:
            ready = _listens(endpoint)
        if ready:
            return endpoint
        time.sleep(0.2)
    raise AssertionError(f"not ready: {_log(container)[-2000:]}")


def _endpoint(facts: dict[str, Any]) -> Endpoint:
    exposed = [port.partition("/") for port in facts["Config"].get("ExposedPorts") or ()]
    ports = tuple(sorted(int(port) for port, _, kind in exposed if kind == "tcp"))
    env = dict(pair.split("=", 1) for pair in facts["Config"]["Env"])
    address = facts["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert facts["State"]["Running"], f"ended with {facts['State']['ExitCode']}"
    return Endpoint(container=facts["Id"], address=address, ports=ports, env=env)


def _log(container: str) -> str:
    """What it wrote, to either stream."""
    command = ["docker", "logs", container]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return done.stdout.decode("utf-8", "replace")


def _listens(endpoint: Endpoint) -> bool:
    try:
        for port in endpoint.ports[:1]:
            Peer(str(endpoint.address), port, Deadline(1)).connect().close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("name", _NAMES)
def test_its_settings_can_be_read_and_what_they_mount_is_there(name: str) -> None:
    settings = _settings(name)
    effects = [effect for each in settings.dimensions for effect in each.values.values()]
    volumes = [volume for options in (settings.launch, *effects) for volume in options.volumes]
    sources = [Path(volume.partition(":")[0]) for volume in volumes]
    assert [source for source in sources if source.is_absolute() and not source.exists()] == []
    assert all(each.name.startswith((name, name.split("-")[-1])) for each in settings.dimensions)


@pytest.mark.parametrize("name", _NAMES)
def test_it_passes_its_workload_twice_with_the_same_values(name: str) -> None:
    settings = _settings(name)
    with _started(settings) as endpoint:
        workload = find(settings.workload or guess(endpoint.ports))
        first, second = workload.drive(endpoint, 60), workload.drive(endpoint, 60)
    assert [check for check in first + second if not check.passed] == []
    assert first == second
