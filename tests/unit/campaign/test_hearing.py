from __future__ import annotations

from beacon.campaign.hearing import Hearing
from beacon.engines.interface import Container, Enforcement
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.run import Check
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.none import NoWorkload
from fakes import IMAGE, FakeEngine, FakeWorkload, Script

HTTP, ECHO, ASKS = Listener(80), Listener(5353, "udp"), Listener(40000, "udp")
SERVICE = Listener(51820, "udp")
ENDPOINT = Endpoint(container="c0ffee", address="192.0.2.1", ports=(80,))


def containers(*readings: tuple[Listener, ...], connected: tuple[int, ...] = ()) -> Container:
    script = Script(listeners=readings[0], connected=frozenset(connected))
    return FakeEngine(script).create(IMAGE, Launch(), Enforcement(), cgroup_parent="/")


def read(*readings: tuple[Listener, ...]) -> Hearing:
    hearing = Hearing()
    for reading in readings:
        hearing.read(containers(reading))
    return hearing


def test_what_appears_later_counts() -> None:
    assert read((), (HTTP,), (HTTP, ECHO)).listeners == (HTTP, ECHO)


def test_a_resolvers_socket_is_no_service() -> None:
    assert read((HTTP, ASKS, SERVICE), (HTTP, SERVICE)).listeners == (HTTP, SERVICE)


def test_loopback_only_is_what_no_reading_shows_otherwise() -> None:
    assert read((Listener(80, loopback=True),), (HTTP,)).listeners == (HTTP,)


def test_without_a_workload_nothing_is_driven() -> None:
    hearing, container = Hearing(), containers((HTTP,), connected=(80,))
    hearing.read(container)
    assert hearing.drive(NoWorkload(), container, ENDPOINT, 1) == ()
    assert hearing.driven == ()


def test_a_script_drives_what_it_connects_to_and_what_its_checks_name() -> None:
    hearing, container = Hearing(), containers((HTTP, ECHO, Listener(443)), connected=(80, 9))
    hearing.read(container)
    script: Workload = FakeWorkload(
        Check("5353/udp: an echo", passed=True), Check("443/tcp: a page", passed=False)
    )
    assert len(hearing.drive(script, container, ENDPOINT, 1)) == 2
    assert hearing.driven == (HTTP, ECHO)
