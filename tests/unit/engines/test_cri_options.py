"""From a launch to the messages of CRI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict

from beacon.engines.cri_options import (
    ALLOW_ALL,
    Around,
    check_supported,
    container_config,
    health_care,
    memory_places,
    sandbox_config,
    size,
)
from beacon.engines.interface import Enforcement, Image, NotSupportedError, RefusedError
from beacon.model.launch import Launch
from golden import check_golden

IMAGE = Image(
    reference="example/server:1",
    id="sha256:0",
    architecture="amd64",
    ports=(80,),
    user="web:web",
    command=("serve",),
    health_check=False,
    stop_signal="",
)
FULL = Launch(
    entrypoint="run",
    command=("--now",),
    env=("A=1=2", "B="),
    user="5:7",
    group_add=("2000",),
    workdir="/srv",
    hostname="named",
    dns=("192.0.2.1",),
    dns_search=("a.test",),
    dns_option=("ndots:5",),
    sysctl=("net.core.somaxconn=9",),
    cap_add=("NET_ADMIN",),
    cap_drop=("CHOWN",),
    no_new_privileges=True,
    read_only=True,
    tty=True,
    interactive=True,
    memory="64m",
    cpus=0.5,
    cpu_shares=512,
    device=("/dev/fuse",),
    pid="pod",
)


def _config(launch: Launch, enforcement: Enforcement | None = None) -> dict[str, object]:
    written: list[str] = []

    def write(text: str) -> str:
        written.append(text)
        return f"/filter-{len(text)}"

    around = Around("container-1", (), write, {"beacon.session": "s"})
    config = container_config(IMAGE, launch, enforcement or Enforcement(), around)
    found: dict[str, object] = MessageToDict(config, preserving_proto_field_name=True)
    return found


@pytest.mark.parametrize(
    ("name", "launch", "enforcement"),
    [
        ("plain", Launch(), None),
        ("full", FULL, None),
        ("enforced", FULL, Enforcement('{"defaultAction": "SCMP_ACT_ERRNO"}', ("CAP_KILL",))),
    ],
)
def test_a_container(name: str, launch: Launch, enforcement: Enforcement | None) -> None:
    rendered = json.dumps(_config(launch, enforcement), indent=1, sort_keys=True) + "\n"
    check_golden(Path(__file__).parent / "golden" / f"cri-container-{name}.json", rendered.encode())


@pytest.mark.parametrize("network", ["bridge", "host"])
def test_a_sandbox(network: str) -> None:
    launch = Launch(
        network=network, hostname="web", dns_option=("ndots:5",), dns=("192.0.2.1",), pid="pod"
    )
    config = sandbox_config("beacon-1", launch, {"beacon.session": "s"}, Path("/logs"), "/beacon/x")
    rendered = json.dumps(
        MessageToDict(config, preserving_proto_field_name=True), indent=1, sort_keys=True
    )
    golden = Path(__file__).parent / "golden" / f"cri-sandbox-{network}.json"
    check_golden(golden, f"{rendered}\n".encode())


def test_what_the_launch_takes_away_no_policy_grants() -> None:
    enforcement = Enforcement(None, ("CAP_CHOWN", "CAP_KILL"))
    found = json.dumps(_config(Launch(cap_drop=("CHOWN",)), enforcement))
    assert '"add_capabilities": ["KILL"]' in found
    assert '"drop_capabilities": ["ALL"]' in found


def test_unconfined_is_a_filter_that_allows_all() -> None:
    found = json.dumps(_config(Launch(seccomp="unconfined")))
    assert f"/filter-{len(ALLOW_ALL)}" in found
    assert '"RuntimeDefault"' not in found


def test_a_group_alone_is_of_the_image_s_user() -> None:
    found = json.dumps(_config(Launch(user=":7")))
    assert '"run_as_username": "web"' in found
    assert '"run_as_group": {"value": "7"}' in found


@pytest.mark.parametrize(
    ("launch", "word"),
    [
        (Launch(init=True), "--init"),
        (Launch(pids_limit=5), "--pids-limit"),
        (Launch(network="container:x"), "--network container:x"),
        (Launch(ipc="none"), "--ipc none"),
        (Launch(pid="container:x"), "--pid container:x"),
        (Launch(network="a\nb"), "a.nb"),
    ],
)
def test_what_no_pod_has(launch: Launch, word: str) -> None:
    with pytest.raises(NotSupportedError, match=word):
        check_supported(launch)


@pytest.mark.parametrize(
    "launch",
    [Launch(), Launch(network="host"), Launch(network="@sandbox:x"), Launch(pid="pod", ipc="host")],
)
def test_what_a_pod_may_have(launch: Launch) -> None:
    check_supported(launch)


@pytest.mark.parametrize(
    ("launch", "word"),
    [
        (Launch(cap_add=("NO_SUCH",)), "NO_SUCH"),
        (Launch(group_add=("daemon",)), "daemon"),
        (Launch(user="5:staff"), "staff"),
        (Launch(seccomp='{"includes": {}}'), "includes"),
        (Launch(memory="much"), "much"),
    ],
)
def test_what_makes_no_sense(launch: Launch, word: str) -> None:
    with pytest.raises(RefusedError, match=word):
        _config(launch)


def test_memory() -> None:
    launch = Launch(tmpfs=("/t:size=1m,noexec", "/u"), shm_size="32m")
    assert memory_places(launch) == {
        "/t": "size=1m,noexec",
        "/u": "",
        "/dev/shm": f"size={32 << 20}",
    }
    assert [size(word) for word in ("5", "5b", "2k", "3G", "1gb")] == [5, 5, 2048, 3 << 30, 1 << 30]


def test_a_health_check_is_a_probe() -> None:
    care = health_care(Launch(health_cmd="test -e /x", health_interval="2s", health_retries=5))
    assert care is not None
    assert care.readiness is not None
    assert care.readiness.handler.command == ("/bin/sh", "-c", "test -e /x")
    assert (care.readiness.period, care.readiness.failures) == (2.0, 5)
    assert health_care(Launch()) is None
    assert health_care(Launch(health_cmd="x", no_healthcheck=True)) is None
