"""A Pod: containers that share a sandbox and volumes, and what a kubelet does to each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from beacon.engines.care import NO_CARE, Care
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted


class PodError(UsageError):
    """A manifest that cannot be read, or asks for what BeaCon does not support."""


class Role(StrEnum):
    """When a container runs: to its end before the next one, from then on, or beside the others."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


@dataclass(frozen=True)
class PodFile:
    """A file of a volume, and its mode."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class PodVolume:
    """A volume: empty, or with `files` by their paths in it.

    `memory` are the options of the tmpfs that it is, None for one on a disk. `read_only`: whatever
    a container says, a kubelet lets it only read.
    """

    name: str
    memory: str | None = None
    files: Mapping[str, PodFile] = field(default_factory=dict)
    read_only: bool = False


@dataclass(frozen=True)
class PodContainer:
    """One container: its image, how it is started, what is done to it.

    `non_root`: a kubelet does not start it as root.
    """

    name: str
    image: str
    launch: Launch
    role: Role = Role.MAIN
    care: Care = NO_CARE
    non_root: bool = False


@dataclass(frozen=True)
class Pod:
    """The Pod that the manifest at `path` describes, its containers in the order of their starts.

    `launch` is what they have in common. `group` is the group that its volumes belong to (fsGroup).
    """

    path: Path
    name: str
    containers: tuple[PodContainer, ...]
    launch: Launch = field(default_factory=Launch)
    volumes: tuple[PodVolume, ...] = ()
    group: int | None = None

    def container(self, name: str | None) -> PodContainer:
        """The one of this name, or the only one; PodError."""
        found = [each for each in self.containers if name in (None, each.name)]
        known = ", ".join(escape_untrusted(each.name) for each in self.containers)
        if not found:
            raise PodError(
                f"{self.path} has no container {escape_untrusted(name or '')}: it has {known}."
            )
        if len(found) > 1:
            raise PodError(f"{self.path} has several containers: choose with --container {known}.")
        return found[0]

    @property
    def key(self) -> str:
        """What is the same as long as its containers are run in the same way."""
        return hashlib.sha256(repr(replace(self, path=Path())).encode()).hexdigest()

    def before(self, container: PodContainer) -> tuple[PodContainer, ...]:
        """What is started before it, or beside it: for an init container those above it."""
        if container.role is Role.MAIN:
            return tuple(each for each in self.containers if each.name != container.name)
        return self.containers[: self.containers.index(container)]
