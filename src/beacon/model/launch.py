"""How a container is started: what the image needs, by `docker run`'s own names."""

from __future__ import annotations

import hashlib

import msgspec


class Launch(msgspec.Struct, frozen=True):
    """The user's own options for the image; they hold in every run. Times are in seconds.

    `ready_log`, `ready_after` and `ready_timeout` say when it counts as ready (`Readiness`).
    """

    command: tuple[str, ...] = ()
    entrypoint: str | None = None
    env: tuple[str, ...] = ()  # NAME=VALUE
    volumes: tuple[str, ...] = ()  # SOURCE:TARGET[:OPTIONS]
    tmpfs: tuple[str, ...] = ()  # TARGET[:OPTIONS]
    user: str | None = None
    workdir: str | None = None
    network: str | None = None
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    apparmor: str | None = None
    ready_log: str | None = None
    ready_after: float = 3.0
    ready_timeout: float = 60.0
    seccomp: str | None = None  # "unconfined", or the JSON text of the profile to record under

    @property
    def shares_state(self) -> bool:
        """Whether two containers started so would share ports or files, and disturb each other."""
        private = self.network in (None, "bridge", "default", "none")
        return bool(self.volumes) or not private


class Environment(msgspec.Struct, frozen=True):
    """The dimensions that differ from their default; sorted, so that ids are stable."""

    settings: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if tuple(sorted(self.settings)) != self.settings:
            raise ValueError("the settings of an environment are kept sorted")

    @property
    def id(self) -> str:
        """`default`, or twelve hexadecimal digits that depend on the settings only."""
        if not self.settings:
            return "default"
        return hashlib.sha256(msgspec.json.encode(self.settings)).hexdigest()[:12]
