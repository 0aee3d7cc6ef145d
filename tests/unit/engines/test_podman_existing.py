"""Containers of others, as Podman 4.3 describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beacon.engines.docker_existing import launch
from beacon.engines.podman_existing import as_docker, cgroup, existing

ID = "c0ffee" * 10 + "beef"
IMAGE: dict[str, Any] = {"Id": "sha256:1", "Config": {"Cmd": ["serve"], "StopSignal": "SIGQUIT"}}


def described(**host: Any) -> dict[str, Any]:
    """A container of `podman run -e A=1` (fields in which it differs from Docker's)."""
    usual = {
        "NetworkMode": "bridge",
        "IpcMode": "shareable",
        "PidMode": "private",
        "UTSMode": "private",
        "CgroupnsMode": "",
        "CgroupParent": "",
        "ShmSize": 65536000,
        "SecurityOpt": [],
        "CapDrop": ["MKNOD"],
        "Ulimits": [{"Name": "RLIMIT_NOFILE", "Hard": 20, "Soft": 10}],
        "Binds": ["data:/data:rw,rprivate,nosuid,nodev,rbind", "/etc/x:/x:ro,rprivate,rbind"],
        "Tmpfs": {"/t": "size=1m,rw,rprivate,nosuid,nodev,tmpcopyup", "/u": "rw"},
    }
    return {
        "Id": ID,
        "Name": "/web",
        "Image": "sha256:1",
        "Config": {
            "Image": "web:1",
            "Cmd": ["serve"],
            "WorkingDir": "/",
            "StopSignal": "3",
            "Env": ["TERM=xterm", "container=podman", "A=1", "HOME=/", "HOSTNAME=c0ffee"],
        },
        "HostConfig": usual | host,
    }


class Api:
    base_url, manager = "http://podman", "cgroupfs"

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def inspect_container(self, name: str) -> dict[str, Any]:
        return self.document

    def inspect_image(self, name: str) -> dict[str, Any]:
        return IMAGE

    def info(self) -> dict[str, Any]:
        return {"CgroupDriver": "cgroupfs"}

    def get(self, url: str, timeout: float) -> Api:
        assert url == f"http://podman/v4.0.0/libpod/containers/{ID}/json"
        return self

    def json(self) -> dict[str, Any]:
        return {"HostConfig": {"CgroupManager": self.manager}}


def test_what_podman_adds_by_itself_is_left_out() -> None:
    found = launch(as_docker(described()), IMAGE)
    assert found.env == ("A=1",)
    assert found.volumes == ("data:/data", "/etc/x:/x:ro")
    assert found.tmpfs == ("/t:size=1m", "/u")
    assert found.ulimit == ("nofile=10:20",)
    assert (found.pid, found.uts, found.ipc, found.shm_size) == (None, None, None, None)
    assert (found.workdir, found.stop_signal, found.command) == (None, None, ())
    assert found.cap_drop == ("MKNOD",)


def test_what_a_user_asked_for_stays() -> None:
    document = described(PidMode="host", ShmSize=1 << 20)
    document["Config"] |= {"WorkingDir": "/srv", "StopSignal": "2"}
    found = launch(as_docker(document), IMAGE)
    assert (found.pid, found.shm_size) == ("host", str(1 << 20))
    assert (found.workdir, found.stop_signal) == ("/srv", "SIGINT")


@pytest.mark.parametrize(
    ("parent", "manager", "expected"),
    [
        ("", "cgroupfs", f"/libpod_parent/libpod-{ID}"),
        ("/mine", "cgroupfs", f"/mine/libpod-{ID}"),
        ("", "systemd", f"/machine.slice/libpod-{ID}.scope"),
        ("a-b.slice", "systemd", f"/a.slice/a-b.slice/libpod-{ID}.scope"),
    ],
)
def test_its_cgroup(parent: str, manager: str, expected: str) -> None:
    assert cgroup(described(CgroupParent=parent), manager) == expected


def test_its_filter_is_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "filter.json"
    file.write_text("{}")
    assert existing(Api(described()), "web").seccomp is None
    for option, expected in (
        (f"seccomp={file}", "{}"),
        ("seccomp=unconfined", "unconfined"),
        (f"seccomp={tmp_path}/gone", f"{tmp_path}/gone"),
    ):
        assert existing(Api(described(SecurityOpt=[option])), "web").seccomp == expected
