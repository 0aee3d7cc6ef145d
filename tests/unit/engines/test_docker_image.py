from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.engines.docker_image import read_image

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_FIELDS = (
    *("ExposedPorts", "User", "Entrypoint", "Cmd", "Healthcheck", "StopSignal"),
    *("Env", "WorkingDir"),
)


def _config(**config: object) -> dict[str, Any]:
    return {"Id": "sha256:1", "Architecture": "amd64", "Config": config}


def test_a_usual_image() -> None:
    image = read_image(
        "nginx",
        _config(
            ExposedPorts={"443/tcp": {}, "80/tcp": {}, "53/udp": {}},
            User="www",
            Entrypoint=["/run.sh"],
            Cmd=["nginx", "-g"],
            Healthcheck={"Test": ["CMD", "true"]},
            StopSignal="SIGQUIT",
            Env=["A=b", "PATH=/opt/bin:/bin"],
            WorkingDir="/srv",
        ),
    )
    assert image.health_command == ("true",)
    assert (image.path, image.folder) == ("/opt/bin:/bin", "/srv")
    assert (image.reference, image.id, image.architecture) == ("nginx", "sha256:1", "amd64")
    assert (image.ports, image.user, image.command) == (
        (80, 443),
        "www",
        ("/run.sh", "nginx", "-g"),
    )
    assert (image.health_check, image.stop_signal) == (True, "SIGQUIT")


@pytest.mark.parametrize("document", [{}, {"Config": None}, {"Config": []}, _config()])
def test_a_bare_image(document: dict[str, Any]) -> None:
    image = read_image("x", document)
    assert (image.ports, image.user, image.command) == ((), "", ())
    assert (image.health_check, image.stop_signal) == (False, "SIGTERM")


@pytest.mark.parametrize(
    "port", ["0/tcp", "65536/tcp", "080/tcp", "80", "80/tcp\n", "-1/tcp", "٨٠/tcp", "80-90/tcp"]
)
def test_only_proper_tcp_ports(port: str) -> None:
    assert read_image("x", _config(ExposedPorts={port: {}, "7/tcp": {}})).ports == (7,)


@pytest.mark.parametrize(
    ("raw", "name"),
    [("9", "SIGKILL"), ("term", "SIGTERM"), ("SIGRTMIN+3", "SIGRTMIN+3"), ("999", "999")],
)
def test_signals_become_names(raw: str, name: str) -> None:
    assert read_image("x", _config(StopSignal=raw)).stop_signal == name


@pytest.mark.parametrize("test", [None, [], ["NONE"], "CMD true"])
def test_no_health_check(test: object) -> None:
    assert not read_image("x", _config(Healthcheck={"Test": test})).health_check


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.text())
def test_whatever_it_says_is_printable(config: dict[str, Any], reference: str) -> None:
    image = read_image(reference, _config(**config))
    for text in (image.reference, image.user, image.stop_signal, *image.command):
        assert text.isprintable()
    assert all(0 < port < 65536 for port in image.ports)
