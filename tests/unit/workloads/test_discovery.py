from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beacon.workloads.discovery import find
from beacon.workloads.interface import MissingClientError, UnknownWorkloadError
from beacon.workloads.suited import guess
from unit.workloads.servers import endpoint


@pytest.mark.parametrize("name", ["none", "http", "redis", "amqp", "mqtt", "postgres", "mysql"])
def test_finds_known_names(name: str) -> None:
    assert find(name).name == name


def test_none_tries_nothing() -> None:
    assert find("none").drive(endpoint(1), 1) == ()


@pytest.mark.parametrize("name", ["nginx", "", "HTTP", "a\0b", "\x1b[2J"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownWorkloadError, match=r"none, amqp, .*redis, .*or the path") as caught:
        find(name)
    assert str(caught.value).isprintable()


def test_a_file_must_be_executable(tmp_path: Path) -> None:
    script = tmp_path / "drive.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(UnknownWorkloadError, match=r"run chmod \+x .*drive.sh"):
        find(str(script))
    script.chmod(0o700)
    assert find(str(script)).name == "./drive.sh"


def test_a_directory_and_a_missing_path_are_no_workloads(tmp_path: Path) -> None:
    with pytest.raises(UnknownWorkloadError, match="is a directory"):
        find(str(tmp_path))
    with pytest.raises(UnknownWorkloadError, match="is not a file"):
        find(str(tmp_path / "missing"))


@pytest.mark.parametrize(("name", "module"), [("http", "httpx"), ("redis", "redis")])
def test_a_missing_client_names_what_to_install(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingClientError, match=r"pip install 'beacon-policy\[catalogue\]'"):
        find(name)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ((), "none"),
        ((80, 443), "http"),
        ((443, 8080), "http"),
        ((6379,), "redis"),
        ((6379, 8000), "redis"),
        ((4369, 5671, 5672), "amqp"),
        ((1883,), "mqtt"),
        ((5432,), "postgres"),
        ((3306,), "mysql"),
        ((9,), "none"),
    ],
)
def test_guesses_by_the_first_known_port(ports: tuple[int, ...], expected: str) -> None:
    assert guess(ports) == expected
