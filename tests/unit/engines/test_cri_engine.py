"""The engine with a runtime that answers as it is told."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from cri_api.v1.api_pb2_grpc import (
    RuntimeServiceServicer,
    add_RuntimeServiceServicer_to_server,
)

from beacon.engines import cri, cri_containerd, cri_images
from beacon.engines.cri_client import CriError, expressed, messages
from beacon.engines.cri_options import Around, container_config
from beacon.engines.interface import SESSION_LABEL, Enforcement, EngineUnavailableError, Image
from beacon.model.launch import Launch


class _Runtime(RuntimeServiceServicer):
    """Its sandboxes by id; those of `stuck` cannot be stopped."""

    def __init__(self) -> None:
        self.sandboxes = ["a", "b", "c"]
        self.stuck: set[str] = set()
        self.ready, self.broken = True, False

    def Version(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self.broken:
            context.abort(grpc.StatusCode.UNKNOWN, "out of order")
        return messages.VersionResponse(runtime_name="told", runtime_version="1")

    def Status(self, request: Any, context: Any) -> Any:  # noqa: N802
        condition = messages.RuntimeCondition(
            type="NetworkReady", status=self.ready, message="no network plug-in"
        )
        return messages.StatusResponse(status=messages.RuntimeStatus(conditions=[condition]))

    def ListPodSandbox(self, request: Any, context: Any) -> Any:  # noqa: N802
        items = [
            messages.PodSandbox(
                id=each,
                metadata=messages.PodSandboxMetadata(name=each),
                labels={SESSION_LABEL: "s"},
            )
            for each in self.sandboxes
        ]
        return messages.ListPodSandboxResponse(items=items)

    def StopPodSandbox(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.pod_sandbox_id in self.stuck:
            context.abort(grpc.StatusCode.UNKNOWN, "it is stuck")
        return messages.StopPodSandboxResponse()

    def RemovePodSandbox(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.sandboxes.remove(request.pod_sandbox_id)
        return messages.RemovePodSandboxResponse()


class _NoCgroup:
    option = ""

    def __init__(self, session: str, *, systemd: bool) -> None:
        pass

    def remove(self) -> None:
        pass


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(cri, "SandboxCgroup", _NoCgroup)
    monkeypatch.setattr(cri_images, "CTR", "beacon-no-such-program")
    return tmp_path / "socket"


@pytest.fixture
def runtime(socket: Path) -> Iterator[_Runtime]:
    runtime = _Runtime()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        add_RuntimeServiceServicer_to_server(runtime, server)  # type: ignore[no-untyped-call]
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        yield runtime
        server.stop(None).wait()


def test_one_that_cannot_be_removed_keeps_no_other(runtime: _Runtime, socket: Path) -> None:
    engine = cri.CriEngine(socket)
    try:
        runtime.stuck = {"a"}
        with pytest.raises(CriError, match="it is stuck"):
            engine.sweep(everything=True)
        assert runtime.sandboxes == ["a"]
        runtime.sandboxes = ["a", "b"]
        with pytest.raises(CriError, match="it is stuck"):
            engine.abort()
        assert runtime.sandboxes == ["a"]
        runtime.stuck = set()
        assert engine.sweep(everything=True).removed == ("sandbox a",)
    finally:
        engine.close()


def test_a_runtime_that_is_not_ready_is_not_there(runtime: _Runtime, socket: Path) -> None:
    """Else `beacon clean` would end at it, and clean no other engine."""
    runtime.ready = False
    with pytest.raises(EngineUnavailableError, match=r"not ready \(no network plug-in\)"):
        cri.CriEngine(socket)
    runtime.broken = True
    with pytest.raises(EngineUnavailableError, match="out of order"):
        cri.CriEngine(socket)
    assert not list(socket.parent.glob("beacon-cri-*"))


@pytest.mark.parametrize(
    "launch",
    [
        Launch(env=("A=\udcff",)),
        Launch(user="99999999999999999999"),
        Launch(user="9" * 5000),
        Launch(group_add=("99999999999999999999",)),
        Launch(memory="99999999999999999999g"),
    ],
)
def test_what_no_message_can_hold(launch: Launch) -> None:
    image = Image(
        reference="i",
        id="sha256:0",
        architecture="amd64",
        ports=(),
        user="",
        command=("x",),
        health_check=False,
        stop_signal="",
    )
    around = Around("c", (), str, {})
    with pytest.raises(CriError, match="CRI has no message for it"):
        container_config(image, launch, Enforcement(), around)


def test_other_errors_stay(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), expressed():
        (tmp_path / "none").read_text()


def test_an_address_that_no_route_has(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ["10.0.0.0/8", "192.168.0.0/16"]
    monkeypatch.setattr(cri_containerd, "_routes", lambda: map(ipaddress.IPv4Network, known))
    found = cri_containerd._free_subnet()
    assert found.subnet_of(ipaddress.IPv4Network("172.16.0.0/12"))
    assert found.prefixlen == 24
    known += ["172.16.0.0/12", "100.64.0.0/10"]
    with pytest.raises(EngineUnavailableError, match="routes to all private networks"):
        cri_containerd._free_subnet()
