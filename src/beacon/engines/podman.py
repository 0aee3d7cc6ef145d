"""Podman, by the API of Docker's that it serves; what differs is here.

Each difference was seen with Podman 4.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from threading import get_ident
from typing import Any

from docker.types import Ulimit

from beacon.engines.docker import DockerEngine, client
from beacon.engines.docker_attachment import Streams
from beacon.engines.docker_belongings import Belongings
from beacon.engines.docker_guard import answering
from beacon.engines.interface import Enforcement, Existing
from beacon.engines.podman_container import PodmanContainer
from beacon.engines.podman_existing import existing
from beacon.engines.podman_service import PodmanService, sweep
from beacon.model.launch import Launch
from beacon.model.leftovers import Swept, joined

_SECCOMP = "seccomp="


class PodmanEngine(DockerEngine):
    """Podman as root, with a service of its own until it is closed.

    EngineUnavailableError if there is none. `runtime` is an OCI runtime's name or path.
    """

    name = "podman"

    def __init__(self, session: str | None = None, *, runtime: str | None = None) -> None:
        self._service = PodmanService(runtime)
        try:
            with answering(self._absent()):
                api = client(base_url=self._service.address)
            super().__init__(session, api=api)
        except BaseException:
            self._service.stop()
            raise

    def close(self) -> None:
        """Close the connections and end the service."""
        super().close()
        self._service.stop()

    def existing(self, name: str) -> Existing:
        """A container that somebody made, by name or id."""
        return existing(self._api, name)

    def sweep(self, *, everything: bool = False) -> Swept:
        """Remove what Docker's does, and folders of services whose maker is dead."""
        return joined((super().sweep(everything=everything), sweep(everything=everything)))

    def _absent(self) -> str:
        return "Podman's service does not answer ({cause}): see whether `podman info` does."

    def _container(
        self, identifier: str, belongings: Belongings, streams: Streams | None
    ) -> PodmanContainer:
        return PodmanContainer(self._api, identifier, belongings, streams)

    def _host_config(
        self,
        launch: Launch,
        enforcement: Enforcement,
        cgroup_parent: str,
        ports: Mapping[str, Any],
    ) -> Any:
        host = super()._host_config(launch, enforcement, cgroup_parent, ports)
        host["SecurityOpt"] = [self._in_a_file(each) for each in host.get("SecurityOpt") or ()]
        host["Ulimits"] = [*(host.get("Ulimits") or ()), *self._limits(launch)]
        return host

    def _in_a_file(self, option: str) -> str:
        """It takes a filter by the path of a file, and reads it while it creates the container."""
        if not option.startswith(_SECCOMP):
            return option
        content = option.removeprefix(_SECCOMP).encode()
        file = self._service.folder / f"{hashlib.sha256(content).hexdigest()}.json"
        if not file.exists():
            new = file.with_suffix(f".{get_ident()}")
            new.write_bytes(content)
            new.replace(file)  # whole for another thread that starts with it
        return f"{_SECCOMP}{file}"

    def _limits(self, launch: Launch) -> list[Ulimit]:
        """It asks for more than it may set where it lacks CAP_SYS_RESOURCE."""
        named = {word.partition("=")[0] for word in launch.ulimit}
        limits = self._service.limits().items()
        return [Ulimit(name=n, soft=each, hard=each) for n, each in limits if n not in named]
