from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from docker.errors import APIError

from beacon.engines.docker_export import exported
from beacon.engines.interface import EngineUnavailableError, RefusedError


class _Api:
    """The part of docker.APIClient that is used."""

    def __init__(self, *chunks: bytes, fails: str = "") -> None:
        self.chunks, self.fails = chunks, fails
        self.created: dict[str, Any] = {}
        self.removed: list[tuple[str, bool]] = []
        self.closed = False

    def create_host_config(self, **options: object) -> dict[str, object]:
        return options

    def create_container(self, image: str, **options: object) -> dict[str, str]:
        if self.fails == "create":
            raise APIError("no")
        self.created = {"image": image, **options}
        return {"Id": "c1"}

    def export(self, container: str, chunk_size: int) -> Iterator[bytes]:
        assert container == "c1"
        if self.fails == "export":
            raise APIError("no")
        return self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        try:
            yield from self.chunks
            if self.fails == "read":
                raise ValueError("the connection ended")
        finally:
            self.closed = True

    def remove_container(self, identifier: str, force: bool, v: bool) -> None:
        self.removed.append((identifier, v))


def test_the_chunks_are_one_file_of_a_container_that_never_runs() -> None:
    api = _Api(b"ab", b"", b"cdefg")
    with exported(api, "sha256:1", {"beacon.session": "s"}) as stream:
        assert stream.read(3) == b"abc"
        assert stream.read() == b"defg"
    assert api.created["image"] == "sha256:1"
    assert api.created["labels"] == {"beacon.session": "s"}
    assert api.created["host_config"] == {"network_mode": "none"}
    assert api.removed == [("c1", True)]


def test_it_is_removed_and_the_stream_closed_whatever_happens() -> None:
    api = _Api(b"ab", b"cd")

    def read() -> None:
        with exported(api, "sha256:1", {}) as stream:
            stream.read(1)
            raise KeyError

    with pytest.raises(KeyError):
        read()
    assert api.closed
    assert api.removed == [("c1", True)]


@pytest.mark.parametrize(
    ("fails", "error", "removed"),
    [
        ("create", RefusedError, 0),
        ("export", RefusedError, 1),
        ("read", EngineUnavailableError, 1),
    ],
)
def test_failures_are_errors_of_the_engine(
    fails: str, error: type[Exception], removed: int
) -> None:
    api = _Api(b"ab", fails=fails)

    def read() -> None:
        with exported(api, "sha256:1", {}) as stream:
            stream.read()

    with pytest.raises(error):
        read()
    assert len(api.removed) == removed
