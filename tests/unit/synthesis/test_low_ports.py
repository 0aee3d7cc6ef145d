"""Ports below 1024 that Docker opens to everybody, and other runtimes do not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.errors import UsageError
from beacon.export.kubernetes import KubernetesExporter
from beacon.model.coverage import Coverage
from beacon.model.event import Capability
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.policy import Policy
from beacon.synthesis.low_ports import with_bind_service
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

SYSCTL = "net.ipv4.ip_unprivileged_port_start"


def policy(*ports: int, launch: Launch | None = None) -> Policy:
    recorded = synthesize(replace(profile(run(call("read"))), launch=launch or Launch()))
    driven, other = ports[:1], ports[1:]
    covered = Coverage(tuple(map(Listener, driven)), tuple(map(Listener, other)), 4)
    return replace(recorded, coverage=covered)


def pod(made: Policy) -> str:
    return KubernetesExporter().render(made).decode()


def test_a_pod_opens_low_ports_by_a_sysctl() -> None:
    assert policy(80, 443, 8080, 0).low_ports() == (80, 443)
    text = pod(policy(80, 443, 8080))
    assert f"name: {SYSCTL}" in text
    assert "take port 80, 443" in text
    assert "NET_BIND_SERVICE" not in text


@pytest.mark.parametrize("made", [policy(8080), policy(), replace(policy(), coverage=None)])
def test_other_ports_need_none(made: Policy) -> None:
    assert SYSCTL not in pod(made)
    assert with_bind_service(made) == made


def test_a_sysctl_of_the_launch_stays_as_it_is() -> None:
    given = pod(policy(80, launch=Launch(sysctl=(f"{SYSCTL}=80",))))
    assert given.count(f"name: {SYSCTL}") == 1


def test_the_network_of_the_host_has_no_sysctl_of_its_own() -> None:
    text = pod(policy(80, launch=Launch(network="host")))
    assert f"name: {SYSCTL}" not in text
    assert "--add-capability-for-ports" in text


def test_the_capability_instead() -> None:
    added = with_bind_service(policy(80))
    (kept,) = [each for each in added.entries if isinstance(each.event, Capability)]
    assert kept.event.name == "CAP_NET_BIND_SERVICE"
    assert "80" in kept.because
    text = pod(added)
    assert SYSCTL not in text
    assert "NET_BIND_SERVICE" in text


def test_no_policy_grants_what_the_launch_lacks() -> None:
    with pytest.raises(UsageError, match="launched without"):
        with_bind_service(policy(80, launch=Launch(cap_drop=("ALL",))))
