"""One container of Podman's."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, create_api_error_from_http_exception
from docker.types import CancellableStream
from requests.exceptions import HTTPError, Timeout

from beacon.engines import readiness as waiting
from beacon.engines.crun_start import not_waiting_forever
from beacon.engines.docker_attachment import frames
from beacon.engines.docker_container import DockerContainer
from beacon.engines.docker_guard import answering
from beacon.engines.interface import Readiness

#: Podman's own part of the API, which Docker's does not have.
_LIBPOD = "/v4.0.0/libpod/containers/"
_TIMEOUT = 120.0  # seconds
_CHUNK = 64 << 10
_LOG_TRIES = 8
#: Seconds that Podman may take to clean up after a container's end, and between two looks.
_CLEANING, _PAUSE = 20.0, 0.05
#: Where systemd runs (sd_booted(3)).
_SYSTEMD = Path("/run/systemd/system")


class PodmanContainer(DockerContainer):
    """A container in Podman's service behind `api`, a `docker.APIClient`."""

    def start(self) -> None:
        """Start it; RefusedError if the engine or its runtime will not."""
        # Until Podman has cleaned up after the last end, nobody can attach for the next start.
        end = time.monotonic() + _CLEANING
        while self._inspect()["State"]["Status"] == "stopped" and time.monotonic() < end:
            time.sleep(_PAUSE)
        with not_waiting_forever(self.id):
            super().start()

    def wait_ready(self, readiness: Readiness) -> str:
        """Wait; return in a few words what showed readiness. NotReadyError if it never comes."""
        # Podman has systemd's timers look after the health; without systemd nobody asks.
        subject = self if _SYSTEMD.exists() else _Asked(self, readiness.timeout)
        return waiting.wait_ready(subject, readiness)

    def _log(self, seconds: float, **wanted: Any) -> Any:
        given = {name: value for name, value in wanted.items() if value is not None}
        for _ in range(_LOG_TRIES - 1):
            # It is not read at the moment at which the next file takes its place.
            with suppress(APIError):
                return self._log_once(seconds, given)
            time.sleep(_PAUSE)
        return self._log_once(seconds, given)

    def _log_once(self, seconds: float, wanted: Mapping[str, Any]) -> Any:
        # Podman answers when the first line is written, for which the SDK waits without end.
        url = f"{self._api.base_url}/v{self._api.api_version}/containers/{self.id}/logs"
        params = {"stdout": True, "stderr": True, **wanted}
        try:
            given = max(seconds, _PAUSE)  # none at all is an error of the SDK's
            response = self._api.get(url, params=params, stream=True, timeout=given)
            response.raise_for_status()
        except Timeout:
            return _Nothing()
        except HTTPError as error:
            raise create_api_error_from_http_exception(error) from error
        return CancellableStream(_chunks(response), response)

    def check_health(self, timeout: float) -> None:
        """Run the health check once; the container's state shows the answer."""
        with answering(), suppress(Timeout):
            libpod(self._api, self.id, "healthcheck", timeout)


def libpod(api: Any, container: str, what: str, timeout: float = _TIMEOUT) -> Any:
    """What Podman's own part of its API says of a container."""
    return api.get(f"{api.base_url}{_LIBPOD}{container}/{what}", timeout=timeout).json()


class _Nothing:
    """The stream of a container that has written nothing."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


def _chunks(response: Any) -> Iterator[bytes]:
    """What was written, without the frames that tell two streams apart."""
    if response.headers.get("Content-Type", "").startswith("text/"):  # a terminal's
        return iter(lambda: response.raw.read1(_CHUNK), b"")
    return (chunk for _, chunk in frames(response.raw))


class _Asked:
    """Runs a container's health check each time that its state is asked for."""

    def __init__(self, container: PodmanContainer, timeout: float) -> None:
        self.id = container.id
        self._container, self._timeout = container, timeout

    def state(self) -> waiting.State:
        """Its state now."""
        state = self._container.state()
        if state.running and state.health is not None:
            self._container.check_health(self._timeout)
            return self._container.state()
        return state

    def follow(self, seconds: float) -> Generator[bytes, None, None]:
        """All its output from the start, until it ends or `seconds` are over."""
        return self._container.follow(seconds)
