"""What Docker lets everybody do in a container's own network, said to a Pod."""

from __future__ import annotations

import msgspec
import pytest

from beacon.export.kubernetes import KubernetesExporter
from beacon.model.launch import Launch
from unit.export.policies import by_classes

SYSCTL = "net.ipv4.ping_group_range"
V4, V6 = "AF_INET,SOCK_DGRAM,IPPROTO_ICMP", "AF_INET6,SOCK_DGRAM,IPPROTO_ICMPV6"


def pod(launch: Launch, *sockets: str) -> str:
    policy = by_classes(*(("socket", each) for each in sockets))
    policy = msgspec.structs.replace(policy, launch=launch)
    return KubernetesExporter().render(policy).decode()


@pytest.mark.parametrize("ping", [V4, V6])
def test_a_pod_that_pings_without_a_capability_may_do_so(ping: str) -> None:
    text = pod(Launch(), "AF_INET,SOCK_STREAM,IPPROTO_TCP", ping)
    assert f'name: {SYSCTL}\n      value: "0 2147483647"' in text
    assert "(ping)" in text


@pytest.mark.parametrize("other", ["AF_INET,SOCK_RAW,IPPROTO_ICMP", "AF_INET,SOCK_DGRAM,0x0"])
def test_other_sockets_need_no_sysctl(other: str) -> None:
    assert SYSCTL not in pod(Launch(), other)


def test_what_the_launch_sets_stays() -> None:
    text = pod(Launch(sysctl=(f"{SYSCTL}=0 0",)), V4)
    assert text.count(SYSCTL) == 1
    assert 'value: "0 0"' in text


def test_the_network_of_the_host_is_the_nodes() -> None:
    text = pod(Launch(network="host"), V4)
    assert f"name: {SYSCTL}" not in text
    assert f"the node's {SYSCTL} says who may ping" in text


def test_what_a_kubelet_does_not_let_everybody_set_is_named() -> None:
    launch = Launch(sysctl=("kernel.msgmax=1", "net.ipv4.tcp_syncookies=1"))
    assert "(--allowed-unsafe-sysctls): kernel.msgmax\n" in pod(launch)
    assert "unsafe" not in pod(Launch(sysctl=launch.sysctl[1:]))
