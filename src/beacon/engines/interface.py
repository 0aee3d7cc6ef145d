"""What BeaCon asks of a container engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import IO

import msgspec

from beacon.errors import BeaconError, UnsupportedHostError, UsageError
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.leftovers import Swept
from beacon.model.listener import Listener
from beacon.model.origin import ImageIdentity

#: On everything BeaCon makes; the value is the session's id. Clean-up goes by it alone.
SESSION_LABEL = "beacon.session"
#: Who made it: a ProcessIdentity.
OWNER_LABEL = "beacon.owner"

#: Of a stack or a Pod without such volumes.
NOTHING_IN_MEMORY: Mapping[str, str] = MappingProxyType({})


class EngineUnavailableError(UnsupportedHostError):
    """No engine answers."""


class ImageNotFoundError(UsageError):
    """The engine has no such image and cannot get it."""


class RefusedError(BeaconError):
    """The engine would not create or start a container with these options."""


class NotSupportedError(RefusedError):
    """No container of this engine can have that, or have it done to it."""


class NotReadyError(BeaconError):
    """A container did not become ready; `exited` is whether it ended by itself."""

    def __init__(self, message: str, *, exited: bool) -> None:
        super().__init__(message)
        self.exited = exited


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What the engine is; kept with a profile. `cgroup_driver` is `cgroupfs` or `systemd`."""

    name: str
    version: str
    runtime: str
    cgroup_driver: str
    seccomp: bool


class Pull(StrEnum):
    """When an image is pulled, as `docker run --pull` says."""

    ALWAYS = "always"
    MISSING = "missing"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image says of itself; attackers' data, already made printable.

    `ports` are the exposed TCP ports in ascending order, `command` the entry point with its
    arguments, `arguments` those alone, `volumes` the declared paths. `health_check` is True when
    the image defines one, of which `health_command` are the words. `stop_signal` is a name like
    SIGTERM, `path` the value of PATH ("" without one), `folder` where the command is started,
    `titles` the names that its labels give to it.
    """

    reference: str
    id: str
    architecture: str
    ports: tuple[int, ...]
    user: str
    command: tuple[str, ...]
    health_check: bool
    stop_signal: str
    arguments: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    health_command: tuple[str, ...] = ()
    path: str = ""
    folder: str = "/"
    titles: tuple[str, ...] = ()

    @property
    def identity(self) -> ImageIdentity:
        """What documents say of it."""
        return ImageIdentity(self.reference, self.id, self.architecture)

    def has_health_check(self, launch: Launch) -> bool:
        """Whether a container that is launched so is asked for its health."""
        asked = self.health_check or launch.health_cmd is not None
        return asked and not launch.no_healthcheck


@dataclass(frozen=True)
class Enforcement:
    """The restriction a container starts under.

    `seccomp` is a profile's JSON text, or None for the engine's default. `capabilities` is the
    complete set (all others dropped), or None for the engine's default plus the launch's own.
    """

    seccomp: str | None = None
    capabilities: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """When a container counts as ready.

    `log_line` (a literal part of a line) decides alone if given; else the image's health check
    if it has one; else one of `ports` listening inside the container's network namespace; else
    being alive `stable` seconds after the start. That shows little, so the TCP ports in `expected`
    are awaited for a while, and with `may_end` (nobody has seen it yet) that it comes to rest: it
    may be about to listen, or to end by itself. Times in seconds.
    """

    timeout: float = 60.0
    stable: float = 3.0
    ports: tuple[int, ...] = ()
    log_line: str | None = None
    expected: tuple[int, ...] = ()
    may_end: bool = False


@dataclass(frozen=True)
class Job:
    """What a container that may be a job is created with beside its launch.

    Its streams are read from their beginning; what it could write to of the host is copied for
    it. Each start sends it `stdin` anew, then the end of its input; without one nothing is sent.
    """

    stdin: Callable[[], Iterator[bytes]] | None = None


@dataclass(frozen=True)
class Life:
    """Whether a container runs, or is about to be started again; its first process and its start.

    `started_at` is as the engine spells it: another after each start.
    """

    alive: bool
    pid: int
    started_at: str


@dataclass(frozen=True)
class Place:
    """What the containers of a stack or a Pod share: a network, and volumes by their names there.

    `folders` are where a Pod's volumes are on this host.
    """

    network: str
    volumes: Mapping[str, str]
    folders: Mapping[str, Path] = field(default_factory=dict)

    def launch(self, launch: Launch) -> Launch:
        """The launch of one of them, with the names of what was made."""
        shared = launch.network in (MadeNetwork.STACK, MadeNetwork.POD)
        network = self.network if shared else launch.network
        return msgspec.structs.replace(launch.with_sources(self.volumes), network=network)


#: The exit code of a command that took longer than it was given; what `timeout(1)` answers too.
TIMED_OUT = 124


class Container(ABC):
    """A created container; a context manager that removes it (and its volumes) at the end."""

    id: str

    @abstractmethod
    def start(self) -> None:
        """Start it; RefusedError if the engine or its runtime will not."""

    @abstractmethod
    def wait_ready(self, readiness: Readiness) -> str:
        """Wait; return in a few words what showed readiness. NotReadyError if it never comes."""

    @abstractmethod
    def address(self) -> str | None:
        """The address at which this host reaches it; None when it has no network."""

    @abstractmethod
    def env(self) -> dict[str, str]:
        """The environment variables that it is started with, the image's own included."""

    @abstractmethod
    def running(self) -> bool:
        """Whether its first process lives."""

    def why_ended(self) -> str | None:
        """Why BeaCon itself ended it before its time, a sentence; None if it did not."""
        return None

    @abstractmethod
    def exit_code(self) -> int | None:
        """The exit code of its first process, None while it runs."""

    @abstractmethod
    def started_at(self) -> str:
        """When its first process was started, as the engine spells it: another after a restart."""

    @abstractmethod
    def pid(self) -> int:
        """The process id, on this host, of its first process; 0 when it does not run."""

    @abstractmethod
    def listeners(self) -> tuple[Listener, ...]:
        """What its processes wait on for clients just now, sorted; nothing if it does not run."""

    @abstractmethod
    def connected(self) -> frozenset[int]:
        """TCP ports of it that were connected to from outside within the last minute or so."""

    @abstractmethod
    def exec(
        self, argv: Sequence[str], timeout: float = 60.0, *, user: str | None = None
    ) -> tuple[int, str]:
        """Run a command inside; its exit code and printable output (64 KiB of it at most).

        Without a `user` it runs as the container does.
        As with timeout(1), 126 or 127 is a command that could not be started, and TIMED_OUT one
        that has not ended after `timeout` seconds (it lives on until the container ends).
        RefusedError if the container does not run.
        """

    @abstractmethod
    def signal(self, name: str) -> None:
        """Send a signal (SIGHUP) to its first process."""

    @abstractmethod
    def freeze(self, seconds: float, stop: Event) -> None:
        """Stop all its processes from running for so long, or until `stop`."""

    @abstractmethod
    def disconnect(self, seconds: float, stop: Event) -> None:
        """Take its networks away for so long, or until `stop`; RefusedError without any."""

    @abstractmethod
    def stop(self, grace: float) -> int | None:
        """Stop it by its stop signal, kill it after `grace` seconds; its exit code."""

    @abstractmethod
    def logs(self, lines: int = 20) -> str:
        """The printable tail of its output."""

    @abstractmethod
    def output(self) -> dict[str, str | None]:
        """The SHA-256 of all that a job wrote: `standard output`, `standard error`, `files in DIR`.

        The files are those of its volumes and copies. None for what cannot be read, or is too much.
        With a terminal there is one stream, the output. The container has ended.
        """

    @abstractmethod
    def file_capabilities(self, path: str) -> int:
        """The capabilities that a file inside carries (bit n: number n), 0 for none or no file.

        `path` is absolute, from the container's root; the container may have ended.
        """

    @abstractmethod
    def remove(self) -> None:
        """Remove it by force, with its anonymous volumes; no error if it is gone."""

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


@dataclass(frozen=True, kw_only=True)
class Existing:
    """A container that somebody else made; `name` and `image` are printable.

    `seccomp` is the text of its profile, `unconfined`, or None for the engine's default; `cgroup`
    the path of the cgroup that it gets at each start, unless the engine is set up otherwise. The
    `container` is to be looked at: BeaCon neither stops nor removes it.
    """

    container: Container
    name: str
    image: Image
    launch: Launch
    seccomp: str | None
    cgroup: str


class ContainerNotFoundError(UsageError):
    """The engine has no such container."""


class Engine(ABC):
    """A container engine; raises EngineUnavailableError when it does not answer."""

    @abstractmethod
    def facts(self) -> EngineFacts:
        """What it is."""

    @abstractmethod
    def image(
        self, reference: str, *, pull: Pull = Pull.MISSING, platform: str | None = None
    ) -> Image:
        """Inspect an image, pulling it as `pull` says, for `platform` (the engine's own if None).

        ImageNotFoundError if it is not there then.
        """

    @abstractmethod
    def files(self, image: Image) -> AbstractContextManager[IO[bytes]]:
        """A tar archive of all its files, as its layers leave them; nothing of it is run.

        Names and contents are the image's own. RefusedError if the engine makes none.
        """

    @abstractmethod
    def create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        *,
        cgroup_parent: str,
        job: Job | None = None,
        publish: Sequence[str] = (),
    ) -> Container:
        """Create (not start) a container below `cgroup_parent`, labelled with this session.

        `publish` are ports that this host passes on to it, in the words of `docker run -p`;
        without a `cgroup_parent` it is where the engine has its containers.

        RefusedError; UsageError for data that cannot be copied for a job.
        """

    def unsupported(self, launch: Launch) -> str | None:
        """Why no container of this engine can be launched so, in a sentence; None if one may be."""
        return None

    @abstractmethod
    def existing(self, name: str) -> Existing:
        """A container that somebody made, by name or id; ContainerNotFoundError."""

    @abstractmethod
    def life(self, container: str) -> Life:
        """How a container with this id lives just now; ContainerNotFoundError once it is gone."""

    @abstractmethod
    def place(
        self,
        volumes: Sequence[str],
        pod: Launch | None = None,
        memory: Mapping[str, str] = NOTHING_IN_MEMORY,
    ) -> AbstractContextManager[Place]:
        """Make a network and these volumes for the containers of a stack; they go at the end.

        For those of a Pod, `pod` is what they have in common (names, network, kernel settings), and
        `memory` those volumes that are in memory, with the options of their tmpfs.
        NotSupportedError where the engine has no Pods.
        """

    @abstractmethod
    def abort(self) -> None:
        """Remove every container of this session by force; waits on them then end with errors.

        So does what is being created; the engine is not used any more.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connections to the engine."""

    @abstractmethod
    def sweep(self, *, everything: bool = False) -> Swept:
        """Remove containers, networks and volumes with our label whose maker is dead.

        `everything` removes all of them, whoever made them.
        """
