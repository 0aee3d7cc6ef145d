"""Containers of others, as the engine describes them."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError, NotFound

from beacon.engines.docker import DockerEngine
from beacon.engines.docker_existing import cgroup, launch, life, seccomp
from beacon.engines.interface import ContainerNotFoundError, Life, RefusedError
from beacon.model.launch import Launch

ID = "c0ffee" * 10 + "beef"
IMAGE: dict[str, Any] = {
    "Id": "sha256:1",
    "Architecture": "amd64",
    "Config": {"Entrypoint": ["/start"], "Cmd": ["serve"], "Env": ["PATH=/bin"], "User": "web"},
}


def described(**host: Any) -> dict[str, Any]:
    """A container of `docker run` without options."""
    usual = {
        "NetworkMode": "default",
        "IpcMode": "private",
        "CgroupnsMode": "host",
        "ShmSize": 64 << 20,
        "RestartPolicy": {"Name": "no"},
        "PidsLimit": None,
    }
    return {
        "Id": ID,
        "Name": "/web\x1b",
        "Image": "sha256:1",
        "Config": {**IMAGE["Config"], "Image": "web:1"},
        "State": {"Running": True, "Pid": 7, "StartedAt": "2026"},
        "HostConfig": usual | host,
    }


class Api:
    def __init__(self, document: dict[str, Any] | Exception) -> None:
        self._document = document

    def inspect_container(self, name: str) -> dict[str, Any]:
        if isinstance(self._document, Exception):
            raise self._document
        return self._document

    def info(self) -> dict[str, Any]:
        return {"CgroupDriver": "systemd"}

    def inspect_image(self, name: str) -> dict[str, Any]:
        assert name == "sha256:1"
        return IMAGE


def test_without_options_everything_is_the_image_s() -> None:
    found = DockerEngine(api=Api(described())).existing("web")
    assert (found.container.id, found.name) == (ID, "web\\x1b")
    assert (found.image.reference, found.image.id) == ("web:1", "sha256:1")
    assert found.launch == Launch()
    assert found.seccomp is None
    assert found.cgroup == f"/system.slice/docker-{ID}.scope"


def test_options_are_those_of_docker_run() -> None:
    document = described(
        Binds=["/data:/data:ro", "cache:/cache"],
        Mounts=[
            {"Type": "volume", "Source": "logs", "Target": "/logs", "ReadOnly": True},
            {"Type": "tmpfs", "Target": "/t"},
        ],
        Tmpfs={"/run": "size=5m", "/tmp": ""},
        CapAdd=["NET_ADMIN"],
        CapDrop=["ALL"],
        SecurityOpt=["no-new-privileges", "seccomp={}", "apparmor=mine"],
        Memory=100 << 20,
        ShmSize=1 << 20,
        Ulimits=[{"Name": "nofile", "Soft": 1, "Hard": 2}],
        Devices=[{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"}],
        Sysctls={"net.core.somaxconn": "4"},
        NetworkMode="host",
        RestartPolicy={"Name": "always"},
        Init=True,
        ReadonlyRootfs=True,
    )
    document["Config"] = {
        **document["Config"],
        **{"Cmd": ["sh", "-c", "x"], "Env": ["PATH=/bin", "A=1"], "User": "root", "Tty": True},
    }
    assert launch(document, IMAGE) == Launch(
        entrypoint="/start",
        command=("sh", "-c", "x"),
        env=("A=1",),
        user="root",
        tty=True,
        volumes=("/data:/data:ro", "cache:/cache", "logs:/logs:ro"),
        tmpfs=("/run:size=5m", "/tmp"),
        cap_add=("NET_ADMIN",),
        cap_drop=("ALL",),
        no_new_privileges=True,
        apparmor="mine",
        memory=str(100 << 20),
        shm_size=str(1 << 20),
        ulimit=("nofile=1:2",),
        device=("/dev/a:/dev/b:r",),
        sysctl=("net.core.somaxconn=4",),
        network="host",
        restart="always",
        init=True,
        read_only=True,
    )


@pytest.mark.parametrize(
    ("host", "profile"),
    [
        ({}, None),
        ({"SecurityOpt": ["label=x", 'seccomp={"a": 1}']}, '{"a": 1}'),
        ({"SecurityOpt": ["seccomp:unconfined"]}, "unconfined"),
        ({"Privileged": True}, "unconfined"),
    ],
)
def test_its_filter(host: dict[str, Any], profile: str | None) -> None:
    assert seccomp(described(**host)) == profile


def test_it_lives_between_two_starts() -> None:
    assert life(described()) == Life(True, 7, "2026")
    assert life({"State": {"Restarting": True, "StartedAt": "1"}}) == Life(True, 0, "1")
    assert not life({"State": {"Running": False, "StartedAt": "1"}}).alive


@pytest.mark.parametrize("name", ["", "..", "../images", "a/b", "-x", "x?all=1", "x" * 256])
def test_names_that_no_container_has_are_not_asked_for(name: str) -> None:
    engine = DockerEngine(api=Api(AssertionError()))
    with pytest.raises(ContainerNotFoundError):
        engine.existing(name)


def test_what_the_engine_does_not_have_and_what_it_refuses() -> None:
    with pytest.raises(ContainerNotFoundError):
        DockerEngine(api=Api(NotFound("no"))).life(ID)
    with pytest.raises(RefusedError):
        DockerEngine(api=Api(APIError("no"))).life(ID)


@pytest.mark.parametrize(
    ("parent", "systemd", "path"),
    [
        ("", False, f"/docker/{ID}"),
        ("/a/b", False, f"/a/b/{ID}"),
        ("a-b.slice", True, f"/a.slice/a-b.slice/docker-{ID}.scope"),
    ],
)
def test_where_its_next_start_is(parent: str, systemd: bool, path: str) -> None:
    assert cgroup(described(CgroupParent=parent), systemd=systemd) == path
