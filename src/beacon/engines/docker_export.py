"""All files of an image as one archive, by a container that is made for it and never started."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import IO, Any, cast

from beacon.engines.docker_belongings import new_name
from beacon.engines.docker_container import remove_container
from beacon.engines.docker_guard import answering
from beacon.errors import BeaconError

_CHUNK = 1 << 20
#: Images without a command make no container; this one is never started.
_COMMAND = ["none"]


@contextmanager
def exported(api: Any, image: str, labels: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """A tar archive of the files of the image with this id; RefusedError if there is none."""
    with answering():
        container = _made(api, image, labels)
    try:
        with answering():
            chunks = api.export(container, chunk_size=_CHUNK)
        with closing(chunks):
            yield cast(IO[bytes], io.BufferedReader(_Stream(chunks), _CHUNK))
    finally:
        with suppress(BeaconError), answering():  # what ended this says more
            remove_container(api, container)


def _made(api: Any, image: str, labels: Mapping[str, str]) -> str:
    host = api.create_host_config(network_mode="none")
    options = {"name": new_name(), "labels": dict(labels), "host_config": host}
    return str(api.create_container(image, command=_COMMAND, **options)["Id"])


class _Stream(io.RawIOBase):
    """The engine's chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            with answering():
                chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
