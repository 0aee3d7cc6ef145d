from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from beacon.model.listener import Listener
from beacon.model.run import Check
from beacon.workloads.combination import Combination, Part, parse
from beacon.workloads.discovery import (
    drivers,
    find,
    find_kept,
    is_known,
    programs,
    scripts_of,
)
from beacon.workloads.interface import Endpoint, UnknownWorkloadError, Workload
from beacon.workloads.ports import open_ports, reached

KNOWN = ("http", "redis", "amqp")


class Echo(Workload):
    """Passes a check for what it was given, if that port is `healthy`."""

    def __init__(self, name: str, *healthy: int) -> None:
        self.name, self._healthy = name, healthy

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        passed = bool(set(endpoint.ports) & set(self._healthy))
        return (Check("ping", passed, f"{self.name} {endpoint.ports}"),)

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        return reached(drivers()[self.name], endpoint, checks)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("http", (Part("http"),)),
        ("http:9100", (Part("http", 9100),)),
        ("http+redis:6380", (Part("http"), Part("redis", 6380))),
        ("http+http", None),
        ("http:0", None),
        ("http:65536", None),
        ("http:080", None),
        ("http+", None),
        ("http+none", None),
        ("http+ftp", None),
        ("/bin/true", None),
        ("../drive.sh", None),
        ("./a/b", None),
        ("+".join(f"http:{port}" for port in range(1, 10)), None),
    ],
)
def test_a_name_says_all(name: str, parts: tuple[Part, ...] | None) -> None:
    assert parse(name, KNOWN) == parts
    if parts is not None:
        assert "+".join(map(str, parts)) == name
        assert is_known(name)
        assert find(name).name == name


@pytest.mark.parametrize(
    "name",
    ["http+none", "http:0", "none:80", "http+./absent.sh", "http+http", "+".join(["http"] * 9)],
)
def test_what_does_not_combine_is_no_workload(name: str) -> None:
    assert not is_known(name)
    with pytest.raises(UnknownWorkloadError):
        find(name)


def made(name: str, *healthy: int) -> Combination:
    parts = parse(name, KNOWN)
    assert parts is not None
    return Combination(parts, lambda each: Echo(each, *healthy), drivers())


def program(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_programs_drive_beside_known_workloads(tmp_path: Path) -> None:
    first = program(tmp_path / "first one.sh", "exit 0")
    second = program(tmp_path / "second.sh", "exit 3")
    both = find(f"{first}+{second}")
    assert both.name == "./first_one.sh+./second.sh"
    assert not is_known(both.name)
    assert programs(both.name) == ("./first_one.sh", "./second.sh")
    endpoint = Endpoint(container="", address="192.0.2.1", ports=())
    checks = both.drive(endpoint, 5)
    assert [(check.name, check.passed) for check in checks] == [
        ("exit code", True), ("./second.sh: exit code", False),
    ]  # fmt: skip
    assert both.reached(endpoint, checks) is None
    assert [each.name for each in scripts_of(both)] == ["./first_one.sh", "./second.sh"]
    mixed = find(f"tcp+{first}")
    assert mixed.name == "tcp+./first_one.sh"
    assert [each.name for each in scripts_of(mixed)] == ["./first_one.sh"]
    kept = {each.name: each for each in scripts_of(both)}
    assert find_kept(both.name, kept).name == both.name
    assert find_kept("./second.sh", kept) is kept["./second.sh"]
    assert find_kept("http", kept).name == "http"
    for name in ("./other.sh", "http+./other.sh", "+".join([*kept, "./other.sh"])):
        with pytest.raises(UnknownWorkloadError):
            find_kept(name, kept)


def test_two_programs_of_one_name_do_not_combine(tmp_path: Path) -> None:
    names = [program(tmp_path / folder / "drive.sh", "") for folder in "ab"]
    with pytest.raises(UnknownWorkloadError, match="does not combine"):
        find("+".join(names))


def test_a_plus_in_the_name_of_a_single_program(tmp_path: Path) -> None:
    assert find(program(tmp_path / "c++.sh", "")).name == "./c__.sh"


def test_the_first_keeps_its_names_and_the_others_stand_behind_their_port() -> None:
    endpoint = Endpoint(container="", address="192.0.2.1", ports=(80, 6379, 9100))
    checks = made("http+redis+http:9100", 80, 6379, 9100).drive(endpoint, 1)
    assert [(check.name, check.value) for check in checks] == [
        ("ping", "http (80, 6379, 9100)"),
        ("redis: ping", "redis (80, 6379, 9100)"),
        ("9100/tcp: ping", "http (9100,)"),
    ]


def test_a_part_that_passed_nothing_drove_nothing() -> None:
    endpoint = Endpoint(container="", address="192.0.2.1", ports=(80, 9100))
    both = made("http+http:9100", 80, 9100)
    assert both.reached(endpoint, both.drive(endpoint, 1)) == {"80/tcp", "9100/tcp"}
    one = made("http:9100+http:80", 9100)
    assert one.reached(endpoint, one.drive(endpoint, 1)) == {"9100/tcp"}


def test_ports_besides_count_where_their_check_found_them() -> None:
    endpoint = Endpoint(container="", address="192.0.2.1", ports=(80, 443, 8443))
    plain, tls = Check("status of /", True, "200"), Check("TLS: version", True, "TLSv1.3")
    assert reached(drivers()["http"], endpoint, (plain, tls)) == {"80/tcp", "443/tcp"}
    absent = Check("TLS: version", True, "no TLS")
    assert reached(drivers()["http"], endpoint, (plain, absent)) == {"80/tcp"}
    failed = Check("TLS: version", False, None)
    assert reached(drivers()["http"], endpoint, (plain, failed)) == {"80/tcp"}
    assert reached(drivers()["http"], endpoint, (failed,)) == frozenset()
    assert (
        reached(drivers()["http"], Endpoint(container="", address=None, ports=(80,)), (plain,))
        == frozenset()
    )


def test_clients_go_where_somebody_listens() -> None:
    heard = (Listener(9100), Listener(80), Listener(53, "udp"), Listener(6060, loopback=True))
    assert open_ports((80, 8080), heard, "192.0.2.1") == (80, 9100)
    assert open_ports((8080,), heard[2:], "192.0.2.1") == (8080,)
    assert open_ports((), heard, "127.0.0.1") == (80, 6060, 9100)


def test_a_part_drives_what_is_beside_its_habitual_port() -> None:
    endpoint = Endpoint(container="", address="192.0.2.1", ports=(80, 5672, 5671, 15672))
    checks = made("http+amqp:5672", 80, 5672).drive(endpoint, 1)
    assert checks[1].value == "amqp (5672, 5671, 15672)"
    second = made("http+amqp:5673", 80).drive(
        Endpoint(container="", address="192.0.2.1", ports=(80, 5673, 5671)), 1
    )
    assert second[1].value == "amqp (5673,)"
