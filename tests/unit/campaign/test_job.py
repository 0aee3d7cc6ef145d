"""Containers that do their work and end by themselves."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from beacon.campaign.job import finished, may_be_job, uncopied, until_the_end
from beacon.engines.interface import Container, Image, Readiness
from beacon.model.launch import Launch
from beacon.model.run import Ending
from fakes import FakeContainer


def image(ports: tuple[int, ...] = (), *, health_check: bool = False) -> Image:
    return Image(
        reference="job",
        id="sha256:0",
        architecture="amd64",
        ports=ports,
        user="",
        command=("job",),
        health_check=health_check,
        stop_signal="SIGTERM",
    )


@pytest.mark.parametrize(
    ("one", "launch", "job"),
    [
        (image(), Launch(), True),
        (image((80,)), Launch(), False),
        (image(health_check=True), Launch(), False),
        (image(), Launch(ready_log="up"), False),
        (image((80,)), Launch(job=True), True),
        (image((80,)), Launch(stdin="/etc/hosts"), True),
    ],
)
def test_what_may_be_a_job(one: Image, launch: Launch, job: bool) -> None:
    assert may_be_job(one, launch) is job


class Ended(FakeContainer):
    def __init__(self, code: int | None) -> None:
        self.code = code

    def exit_code(self) -> int | None:
        return self.code


@pytest.mark.parametrize("code", [0, 3, 125])
def test_its_code_and_output_are_kept(code: int) -> None:
    container: Container = Ended(code)
    outcome = finished(container, Launch())
    assert outcome is not None
    assert (outcome.ending, outcome.exit_code) == (Ending.FINISHED, code)
    assert outcome.ready
    assert outcome.passed
    assert [(check.name, check.value) for check in outcome.checks] == [
        ("standard output", "00"),
        ("standard error", None),
    ]


@pytest.mark.parametrize("code", [126, 127, 139])
def test_what_no_job_ends_with(code: int) -> None:
    assert finished(Ended(code), Launch()) is None
    assert finished(Ended(code), Launch(job=True)) is not None
    assert finished(Ended(None), Launch(job=True)) is None


def test_a_job_is_not_ready_for_being_alive() -> None:
    waiting = until_the_end(Readiness(timeout=7.0, stable=3.0, ports=(80,), log_line="up"))
    assert (waiting.timeout, waiting.ports, waiting.log_line) == (7.0, (), None)
    assert waiting.stable > 1e9


def test_what_copies_lack_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    volumes = (f"{data}:/data", "/dev/null:/null", "named:/named", "/absent:/a")
    assert list(uncopied(Launch(volumes=volumes))) == []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data / "s\x1bocket"))
        (note,) = uncopied(Launch(volumes=volumes))
        assert note.startswith(f"each run gets a copy of {data}, without its sockets")
        assert "\x1b" not in note
        assert list(uncopied(Launch(volumes=(f"{data}:/data:ro",)))) == []
