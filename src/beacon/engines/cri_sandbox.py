"""A sandbox of a CRI runtime: the namespaces and the folder that a Pod's containers share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from beacon.engines.cri_client import CriClient, NotThereError, messages
from beacon.engines.cri_folder import Folder
from beacon.engines.cri_options import memory_places, sandbox_config
from beacon.engines.docker_belongings import new_name
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted

_STOPPING = 60.0  # seconds; the network plug-ins clean up meanwhile
_WORLD = 0o777
#: As of /tmp: everybody writes there, and nobody removes another's file.
_EVERYBODY = "mode=1777"


class SandboxView:
    """A sandbox that is there. `private`: its runtime numbers processes in another way than this
    host.
    """

    def __init__(
        self, client: CriClient, identifier: str, *, private: bool, shares_network: bool
    ) -> None:
        self._client, self.id = client, identifier
        self.private, self.shares_network = private, shares_network
        self._address: str | None = None

    def address(self) -> str | None:
        """The address at which this host reaches it; None when it has no network."""
        if self.shares_network:
            return "127.0.0.1"
        if self._address is None:
            request = messages.PodSandboxStatusRequest(pod_sandbox_id=self.id)
            status = self._client.call(self._client.runtime.PodSandboxStatus, request).status
            self._address = escape_untrusted(status.network.ip) or None
        return self._address


class Sandbox(SandboxView):
    """A running sandbox with a folder for what its containers have mounted. RefusedError."""

    def __init__(
        self,
        client: CriClient,
        folder: Folder,
        launch: Launch,
        labels: Mapping[str, str],
        *,
        cgroup_parent: str,
        handler: str,
        private: bool,
    ) -> None:
        self._folder = folder
        self.path = folder.new()
        self.logs = self.path / "logs"
        self.logs.mkdir()
        self._memory: list[Path] = []
        self._hosts = launch.add_host
        self.config = sandbox_config(new_name(), launch, labels, self.logs, cgroup_parent)
        request = messages.RunPodSandboxRequest(config=self.config, runtime_handler=handler)
        try:
            answer = client.call(client.runtime.RunPodSandbox, request)
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        super().__init__(
            client,
            str(answer.pod_sandbox_id),
            private=private,
            shares_network=launch.network == "host",
        )

    def config_below(self, cgroup_parent: str) -> Any:
        """Its configuration for a container whose cgroup is to be below this one."""
        config = messages.PodSandboxConfig()
        config.CopyFrom(self.config)
        if cgroup_parent:
            config.linux.cgroup_parent = cgroup_parent
        return config

    def new_folder(self, name: str, memory: str | None = None) -> Path:
        """A folder for a volume that everybody may write to, as a kubelet makes an emptyDir.

        It is in `memory` with these options of a tmpfs, if any. RefusedError.
        """
        path = self.path / name
        path.mkdir()
        path.chmod(_WORLD)
        if memory is not None:
            self._folder.mount_memory(path, memory)
            self._memory.append(path)
        return path

    def seen(self, path: Path) -> Path:
        """Where this process finds what the runtime has at an absolute path."""
        return self._folder.seen(path)

    def memory(self, launch: Launch) -> dict[str, Path]:
        """A tmpfs for each place in the container that is to have one."""
        found: dict[str, Path] = {}
        for target, options in memory_places(launch).items():
            kept = [word for word in options.split(",") if word and word not in ("ro", "rw")]
            if not any(word.startswith("mode=") for word in kept):
                kept.append(_EVERYBODY)
            found[target] = self.new_folder(f"memory-{len(self._memory)}", ",".join(kept))
        return found

    def hosts(self) -> Path:
        """A file for /etc/hosts, as a kubelet writes it."""
        path = self.path / "hosts"
        own = self.address()
        lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost"]
        lines += ["::1\tlocalhost ip6-localhost ip6-loopback", "fe00::0\tip6-localnet"]
        lines += ["fe00::0\tip6-mcastprefix", "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters"]
        lines += [f"{own}\t{self.config.hostname}"] if own and self.config.hostname else []
        for word in self._hosts:
            name, _, address = word.partition(":")
            lines.append(f"{address}\t{name}")
        path.write_text("\n".join(lines) + "\n")
        return path

    def remove(self) -> None:
        """Stop and remove it with all its containers; no error if it is gone. CriError."""
        remove_sandbox(self._client, self.id)
        for place in self._memory:
            self._folder.unmount(place)
        shutil.rmtree(self.path, ignore_errors=True)


def remove_sandbox(client: CriClient, identifier: str) -> None:
    """Stop and remove a sandbox, which may be gone; CriError if it cannot be."""
    with suppress(NotThereError):
        stop = messages.StopPodSandboxRequest(pod_sandbox_id=identifier)
        client.call(client.runtime.StopPodSandbox, stop, _STOPPING)
        remove = messages.RemovePodSandboxRequest(pod_sandbox_id=identifier)
        client.call(client.runtime.RemovePodSandbox, remove, _STOPPING)
