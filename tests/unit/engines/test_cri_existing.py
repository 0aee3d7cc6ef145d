from __future__ import annotations

from dataclasses import replace
from typing import Any

from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.engines.cri_existing import cgroup, launch
from beacon.model.launch import Launch
from fakes import IMAGE

_IMAGE = replace(IMAGE, reference="i", ports=(), command=("serve", "--all"))


def _specification(**process: Any) -> dict[str, Any]:
    held = sorted(f"CAP_{name}" for name in DOCKER_DEFAULT)
    return {"process": {"args": ["serve", "--all"], "capabilities": {"bounding": held}, **process}}


def test_what_the_image_says_itself_is_left_out() -> None:
    assert launch(_specification(env=["PATH=/bin", "HOSTNAME=x"]), _IMAGE) == Launch()


def test_what_was_given_to_it() -> None:
    found = launch(
        {
            **_specification(
                args=["sleep", "600"],
                env=["A=1"],
                user={"uid": 33},
                noNewPrivileges=True,
                capabilities={"bounding": ["CAP_KILL", "CAP_NET_ADMIN"]},
            ),
            "root": {"readonly": True},
            "linux": {"resources": {"memory": {"limit": 64 << 20}}},
            "mounts": [
                {
                    "type": "bind",
                    "source": "/v",
                    "destination": "/data",
                    "options": ["rbind", "ro"],
                },
                {"type": "bind", "source": "/x", "destination": "/etc/hosts"},
                {"type": "proc", "source": "proc", "destination": "/proc"},
            ],
        },
        _IMAGE,
    )
    assert (found.entrypoint, found.command, found.env) == ("sleep", ("600",), ("A=1",))
    assert (found.user, found.no_new_privileges, found.read_only) == ("33", True, True)
    assert (found.memory, found.volumes) == (str(64 << 20), ("/v:/data:ro",))
    assert found.cap_add == ("NET_ADMIN",)
    assert set(found.cap_drop) == DOCKER_DEFAULT - {"KILL"}


def test_a_specification_that_makes_no_sense() -> None:
    assert launch({"process": [], "linux": 5, "mounts": {}}, _IMAGE).command == ()


def test_cgroups() -> None:
    assert cgroup("/kubepods/pod1/abc") == "/kubepods/pod1/abc"
    path = "/kubepods.slice/kubepods-pod1.slice/cri-containerd-abc.scope"
    assert cgroup("kubepods-pod1.slice:cri-containerd:abc") == path
