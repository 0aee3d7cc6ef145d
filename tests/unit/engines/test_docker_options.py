from __future__ import annotations

import json

import pytest

from beacon.engines.docker_options import (
    ALLOW_ALL,
    container_options,
    endpoint_options,
    host_options,
)
from beacon.engines.interface import Enforcement, RefusedError
from beacon.model.launch import Launch


def test_nothing_asked_for_leaves_the_image_and_the_engine_alone() -> None:
    assert not any(container_options(Launch()).values())
    host = host_options(Launch(), Enforcement(), "/p")
    assert (host["cgroup_parent"], host["network_mode"]) == ("/p", "bridge")
    assert not any(host[name] for name in ("binds", "tmpfs", "cap_add", "cap_drop", "security_opt"))
    assert "privileged" not in host


def test_the_launch_is_passed_on_unsplit() -> None:
    launch = Launch(
        command=("a b", "$(c)"),
        entrypoint="/my run",
        env=("A=1",),
        user="1:2",
        workdir="/w",
        volumes=("v:/v:ro",),
        tmpfs=("/t", "/u:size=1m,mode=1777"),
        network="none",
    )
    assert {name: value for name, value in container_options(launch).items() if value} == {
        "command": ["a b", "$(c)"],
        "entrypoint": ["/my run"],
        "environment": ["A=1"],
        "user": "1:2",
        "working_dir": "/w",
    }
    host = host_options(launch, Enforcement(), "/p")
    assert (host["binds"], host["network_mode"]) == (["v:/v:ro"], "none")
    assert host["tmpfs"] == {"/t": "", "/u": "size=1m,mode=1777"}


def test_a_health_check_is_asked_soon_and_given_time() -> None:
    launch = Launch(health_cmd="exit 0", ready_timeout=90.5)
    own = container_options(launch, health_check=True)["healthcheck"]
    times = {"interval": 10**9, "start_period": 90_500_000_000}
    assert own == {"test": ["CMD-SHELL", "exit 0"], **times}
    image = container_options(Launch(ready_timeout=90.5), health_check=True)["healthcheck"]
    assert image == times
    assert container_options(launch)["healthcheck"] == own
    assert container_options(Launch())["healthcheck"] is None


def test_how_often_health_is_asked_can_be_said() -> None:
    launch = Launch(
        health_interval="1m30s", health_timeout="500ms", health_retries=9, health_start_period="2h"
    )
    assert container_options(launch, health_check=True)["healthcheck"] == {
        "interval": 90 * 10**9,
        "timeout": 5 * 10**8,
        "retries": 9,
        "start_period": 7200 * 10**9,
    }
    assert container_options(launch)["healthcheck"] is None
    off = container_options(Launch(no_healthcheck=True), health_check=True)["healthcheck"]
    assert off == {"test": ["NONE"]}
    for time in ("", "5", "5x", "s", "-1s", "1s" * 9, "1e9s"):
        with pytest.raises(RefusedError, match="no such time"):
            container_options(Launch(health_timeout=time), health_check=True)


def test_names_and_addresses_on_a_network() -> None:
    assert endpoint_options(Launch()) == {}
    launch = Launch(network="own", network_alias=("a", "b"), ip="10.0.0.9", ip6="fd00::9")
    assert endpoint_options(launch) == {
        "aliases": ["a", "b"],
        "ipv4_address": "10.0.0.9",
        "ipv6_address": "fd00::9",
    }


def test_limits_and_names() -> None:
    launch = Launch(
        memory="64m",
        cpus=0.5,
        ulimit=("nofile=64:128", "core=-1"),
        sysctl=("net.core.somaxconn=1",),
        add_host=("a:::1",),
        restart="on-failure:2",
        log_opt=("mode=non-blocking",),
    )
    host = host_options(launch, Enforcement(), "/p")
    assert (host["mem_limit"], host["nano_cpus"]) == ("64m", 500_000_000)
    assert [dict(limit) for limit in host["ulimits"]] == [
        {"Name": "nofile", "Soft": 64, "Hard": 128},
        {"Name": "core", "Soft": -1, "Hard": -1},
    ]
    assert host["sysctls"] == {"net.core.somaxconn": "1"}
    assert host["extra_hosts"] == {"a": "::1"}
    assert host["restart_policy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    assert host["log_config"]["config"]["mode"] == "non-blocking"


@pytest.mark.parametrize("word", ["nofile", "nofile=x", "nofile=1:y"])
def test_limits_that_are_none(word: str) -> None:
    with pytest.raises(RefusedError, match="no such limit"):
        host_options(Launch(ulimit=(word,)), Enforcement(), "/p")


def test_capabilities() -> None:
    launch = Launch(cap_add=("NET_ADMIN",), cap_drop=("CHOWN",))
    host = host_options(launch, Enforcement(), "/p")
    assert (host["cap_add"], host["cap_drop"]) == (["NET_ADMIN"], ["CHOWN"])
    host = host_options(launch, Enforcement(capabilities=("CAP_KILL",)), "/p")
    assert (host["cap_add"], host["cap_drop"]) == (["CAP_KILL"], ["ALL"])
    both = Enforcement(capabilities=("CAP_KILL", "CAP_CHOWN"))
    assert host_options(launch, both, "/p")["cap_add"] == ["CAP_KILL"]
    bare = Launch(cap_drop=("ALL",), cap_add=("CHOWN",))
    assert host_options(bare, both, "/p")["cap_add"] == ["CAP_CHOWN"]
    host = host_options(launch, Enforcement(capabilities=()), "/p")
    assert (host["cap_add"], host["cap_drop"]) == ([], ["ALL"])


@pytest.mark.parametrize(
    ("launched", "enforced", "expected"),
    [
        ("{1}", None, ["seccomp={1}"]),
        ("{1}", "{2}", ["seccomp={2}"]),
        (None, "{2}", ["seccomp={2}"]),
        ("unconfined", "{2}", ["seccomp={2}"]),
        ("unconfined", None, [f"seccomp={ALLOW_ALL}"]),
    ],
)
def test_seccomp(launched: str | None, enforced: str | None, expected: list[str]) -> None:
    host = host_options(Launch(seccomp=launched), Enforcement(seccomp=enforced), "/p")
    assert host["security_opt"] == expected


def test_no_new_privileges_stays_under_enforcement() -> None:
    host = host_options(Launch(no_new_privileges=True), Enforcement(seccomp="{}"), "/p")
    assert host["security_opt"] == ["no-new-privileges", "seccomp={}"]


def test_the_filter_that_allows_all_knows_the_foreign_architectures() -> None:
    profile = json.loads(ALLOW_ALL)
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    assert "SCMP_ARCH_X86" in profile["archMap"][0]["subArchitectures"]
