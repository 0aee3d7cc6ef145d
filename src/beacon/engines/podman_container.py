"""One container of Podman's."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from requests.exceptions import Timeout

from beacon.engines import readiness as waiting
from beacon.engines.docker_container import DockerContainer
from beacon.engines.docker_guard import answering
from beacon.engines.interface import Readiness

#: Podman's own part of the API, which Docker's does not have.
_LIBPOD = "/v4.0.0/libpod/containers/"
#: Where systemd runs (sd_booted(3)).
_SYSTEMD = Path("/run/systemd/system")


class PodmanContainer(DockerContainer):
    """A container in Podman's service behind `api`, a `docker.APIClient`."""

    def wait_ready(self, readiness: Readiness) -> str:
        """Wait; return in a few words what showed readiness. NotReadyError if it never comes."""
        # Podman has systemd's timers look after the health; without systemd nobody asks.
        subject = self if _SYSTEMD.exists() else _Asked(self, readiness.timeout)
        return waiting.wait_ready(subject, readiness)

    def check_health(self, timeout: float) -> None:
        """Run the health check once; the container's state shows the answer."""
        url = f"{self._api.base_url}{_LIBPOD}{self.id}/healthcheck"
        with answering(), suppress(Timeout):
            self._api.get(url, timeout=timeout)


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
