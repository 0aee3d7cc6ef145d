from __future__ import annotations

from pathlib import Path

import pytest
from docker.errors import DockerException

from beacon.engines import podman
from beacon.engines.interface import EngineUnavailableError


class _Service:
    address = "unix:///nowhere"

    def __init__(self, _: str | None) -> None:
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


def test_a_podman_that_is_broken_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a layer that it cannot remove, Podman answers each request by an error of its own."""
    services: list[_Service] = []

    def serve(runtime: str | None) -> _Service:
        services.append(_Service(runtime))
        return services[-1]

    def fail(**_: object) -> None:
        raise DockerException("Error while fetching server API version: 500 Server Error")

    monkeypatch.setattr(podman, "PodmanService", serve)
    monkeypatch.setattr(podman, "client", fail)
    with pytest.raises(EngineUnavailableError, match="see whether `podman info` does"):
        podman.PodmanEngine()
    assert [each.stopped for each in services] == [True]


def test_a_filter_is_whole_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread that meets the file does not wait for its content."""

    class Files(_Service):
        folder = tmp_path

    monkeypatch.setattr(podman, "PodmanService", Files)
    monkeypatch.setattr(podman, "client", lambda **_: object())
    engine = podman.PodmanEngine()
    write = Path.write_bytes

    def late(path: Path, content: bytes) -> int:
        assert not list(tmp_path.glob("*.json"))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", late)
    option = engine._in_a_file("seccomp={}")
    assert Path(option.removeprefix("seccomp=")).read_text() == "{}"
    assert engine._in_a_file("seccomp={}") == option
    assert len(list(tmp_path.iterdir())) == 1
    assert engine._in_a_file("no-new-privileges") == "no-new-privileges"
