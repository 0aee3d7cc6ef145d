"""The Docker engine."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import IO, Any

from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import kwargs_from_env

from beacon.engines import session as sessions
from beacon.engines.docker_attachment import Streams
from beacon.engines.docker_belongings import NAME_PREFIX, Belongings, new_name
from beacon.engines.docker_container import DockerContainer, remove_container
from beacon.engines.docker_existing import existing, inspect, life
from beacon.engines.docker_export import exported
from beacon.engines.docker_guard import answering, explanation
from beacon.engines.docker_image import read_image
from beacon.engines.docker_options import (
    container_options,
    endpoint_options,
    host_options,
    published_ports,
)
from beacon.engines.interface import (
    NOTHING_IN_MEMORY,
    OWNER_LABEL,
    SESSION_LABEL,
    Container,
    Enforcement,
    Engine,
    EngineFacts,
    Existing,
    Image,
    ImageNotFoundError,
    Job,
    Life,
    NotSupportedError,
    Place,
    Pull,
    RefusedError,
)
from beacon.engines.runtime_version import installed_version
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.leftovers import Kept, Swept
from beacon.model.text import escape_untrusted
from beacon.process_identity import Fate, fate

_NAME = re.compile(re.escape(NAME_PREFIX) + "[0-9a-f]{16}")
#: What an image's name can look like. It becomes a part of an address in the engine's API, so a
#: part `..` would be another address.
_REFERENCE = re.compile(r"[\w\[][\w.:@\]-]*(/\w[\w.:@-]*)*", re.ASCII)
#: One engine serves many threads; each may hold a stream open besides its calls.
_CONNECTIONS = 64
#: Starting many containers at once takes an engine its time.
_TIMEOUT = 120
#: What str.format reads as more than itself.
_LITERAL = str.maketrans({"{": "{{", "}": "}}"})


def client(**address: Any) -> APIClient:
    """The SDK's client for an engine at this address."""
    return APIClient(**address, timeout=_TIMEOUT, max_pool_size=_CONNECTIONS)


@dataclass(frozen=True)
class _Found:
    """Something that BeaCon made (`container beacon-…`), what is known of its maker, and how to
    remove it.
    """

    name: str
    maker: Fate
    remove: Callable[[], object]


class DockerEngine(Engine):
    """The engine that DOCKER_HOST names, or this machine's own; several threads may use it.

    EngineUnavailableError if none answers. `runtime` starts the containers, by the engine's name
    for it (None: its default). `api` replaces the SDK's client (for tests).
    """

    name = "docker"

    def __init__(
        self, session: str | None = None, *, runtime: str | None = None, api: Any = None
    ) -> None:
        self.session = session or sessions.new_session()
        self._labels = sessions.labels(self.session)
        self._aborted = Event()
        self._runtime = runtime
        with answering(self._absent()):
            self._api = api or client(**kwargs_from_env())

    def facts(self) -> EngineFacts:
        """What it is."""
        with answering(self._absent()):
            info, version = self._api.info(), self._api.version()
        known = info.get("Runtimes") or {}
        if self._runtime is not None and self._runtime not in known:
            raise UsageError(
                f"Docker has no runtime '{escape_untrusted(self._runtime)}': name one of "
                f"{', '.join(map(_text, known))}, or add it to daemon.json."
            )
        runtime = self._runtime or _text(info.get("DefaultRuntime"))
        return EngineFacts(
            name=self.name,
            version=_text(info.get("ServerVersion")),
            runtime=_runtime(runtime, info, version),
            cgroup_driver=_text(info.get("CgroupDriver")),
            seccomp=any("name=seccomp" in option for option in info.get("SecurityOptions") or ()),
        )

    def image(
        self, reference: str, *, pull: Pull = Pull.MISSING, platform: str | None = None
    ) -> Image:
        """Inspect an image, pulling it as `pull` says; ImageNotFoundError if it is not there."""
        if not reference.strip():
            raise ImageNotFoundError("The image's name is empty: name the image to use.")
        if not _REFERENCE.fullmatch(reference):
            raise ImageNotFoundError(
                f"'{escape_untrusted(reference)}' cannot name an image: write it as for `docker "
                "run`."
            )
        with answering():
            try:
                return read_image(reference, self._inspect(reference, pull, platform))
            except APIError as error:
                raise ImageNotFoundError(
                    _missing(escape_untrusted(reference), pull, explanation(error))
                ) from error

    def files(self, image: Image) -> AbstractContextManager[IO[bytes]]:
        """A tar archive of all its files, as its layers leave them; nothing of it is run."""
        return exported(self._api, image.id, self._labels)

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
        """Create (not start) a container below `cgroup_parent`, labelled with this session."""
        belongings = Belongings(self._api, self._labels, self._aborted.is_set)
        try:
            with answering():
                given = belongings.provide(launch, copied=job is not None)
                identifier = self._create(image, given, enforcement, cgroup_parent, publish)
        except BaseException:
            with answering():
                belongings.remove()
            raise
        streams = None if job is None else Streams(job.stdin, terminal=launch.tty)
        return self._container(identifier, belongings, streams)

    def existing(self, name: str) -> Existing:
        """A container that somebody made, by name or id."""
        return existing(self._api, name)

    def life(self, container: str) -> Life:
        """How a container with this id lives just now."""
        return life(inspect(self._api, container))

    @contextmanager
    def place(
        self,
        volumes: Sequence[str],
        pod: Launch | None = None,
        memory: Mapping[str, str] = NOTHING_IN_MEMORY,
    ) -> Iterator[Place]:
        """Make a network and these volumes for the containers of a stack; they go at the end."""
        if pod is not None:
            raise NotSupportedError("Docker starts no Pods: give --engine cri.")
        belongings = Belongings(self._api, self._labels, self._aborted.is_set)
        try:
            with answering():
                network = belongings.new_network()
                made = {name: belongings.new_volume() for name in volumes}
            yield Place(network, made)
        finally:
            with answering():
                belongings.remove()

    def abort(self) -> None:
        """Remove every container of this session by force; waits on them then end with errors."""
        self._aborted.set()
        with answering():
            _remove_all(list(self._containers(f"{SESSION_LABEL}={self.session}")))

    def sweep(self, *, everything: bool = False) -> Swept:
        """Remove containers, networks and volumes with our label whose maker is dead.

        `everything` removes all of them, whoever made them.
        RefusedError, after all the others were tried, if one cannot be removed.
        """
        with answering():
            found = list(self._made())
            kept = [each for each in found if not everything and each.maker is not Fate.DEAD]
            removed = _remove_all(each for each in found if each not in kept)
            return Swept(removed, tuple(Kept(each.name, each.maker) for each in kept))

    def close(self) -> None:
        """Close the connections to the engine."""
        self._api.close()

    def _absent(self) -> str:
        """What is said when it does not answer, with a `{cause}`."""
        address = escape_untrusted(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
        return (
            f"No Docker engine answers at {address.translate(_LITERAL)} ({{cause}}): "
            "start dockerd as root, or set DOCKER_HOST to where it listens."
        )

    def _container(
        self, identifier: str, belongings: Belongings, streams: Streams | None
    ) -> DockerContainer:
        return DockerContainer(self._api, identifier, belongings, streams)

    def _create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        cgroup_parent: str,
        publish: Sequence[str],
    ) -> str:
        ports = published_ports(publish)
        host = self._host_config(launch, enforcement, cgroup_parent, ports)
        try:
            answer = self._api.create_container(
                # By id: the name may come to mean another image while a campaign runs.
                image.id,
                name=new_name(),
                labels=self._labels,
                host_config=host,
                networking_config=self._networking(launch),
                ports=[tuple(each.split("/")) for each in ports] or None,
                **container_options(launch, health_check=image.health_check),
            )
            return str(answer["Id"])
        except ImageNotFound as error:
            raise ImageNotFoundError(
                f"The image '{image.reference}' was removed from the engine: pull it again."
            ) from error

    def _networking(self, launch: Launch) -> Any:
        options = endpoint_options(launch)
        if not options:
            return None
        endpoint = self._api.create_endpoint_config(**options)
        return self._api.create_networking_config({launch.network or "bridge": endpoint})

    def _host_config(
        self,
        launch: Launch,
        enforcement: Enforcement,
        cgroup_parent: str,
        ports: Mapping[str, Any],
    ) -> Any:
        try:
            options = host_options(launch, enforcement, cgroup_parent)
            options["port_bindings"] = dict(ports) or None
            options["runtime"] = self._runtime
            return self._api.create_host_config(**options)
        except (DockerException, ValueError, TypeError, OverflowError) as error:
            raise RefusedError(
                f"The engine has no such options: {escape_untrusted(str(error))}"
            ) from error

    def _inspect(self, reference: str, pull: Pull, platform: str | None) -> Mapping[str, Any]:
        if pull is Pull.ALWAYS:
            self._pull(reference, platform)
        try:
            document: Mapping[str, Any] = self._api.inspect_image(reference)
        except ImageNotFound:
            if pull is not Pull.MISSING:
                raise
            self._pull(reference, platform)
            document = self._api.inspect_image(reference)
        return document

    def _pull(self, reference: str, platform: str | None) -> None:
        # Its progress; an error in it shows when the image is not there, or is what it was.
        for line in self._api.pull(reference, stream=True, decode=True, platform=platform):
            if "error" in line:
                raise ImageNotFoundError(
                    f"'{escape_untrusted(reference)}' cannot be pulled "
                    f"({escape_untrusted(str(line['error'])[:300])}): check its name."
                )

    def _made(self) -> Iterator[_Found]:
        # In this order: a network or volume cannot go while a container uses it.
        yield from self._containers(SESSION_LABEL)
        api, ours = self._api, {"label": SESSION_LABEL}
        for found in api.networks(filters=ours):
            if _ours(found["Name"]):
                yield _found("network", found["Name"], found, api.remove_network, found["Id"])
        for found in api.volumes(filters=ours).get("Volumes") or ():
            if _ours(found["Name"]):
                yield _found("volume", found["Name"], found, api.remove_volume, found["Name"])

    def _containers(self, label: str) -> Iterator[_Found]:
        for found in self._api.containers(all=True, filters={"label": label}):
            name = str((found.get("Names") or ["/"])[0]).removeprefix("/")
            if _ours(name):
                remove = partial(remove_container, self._api)
                yield _found("container", name, found, remove, found["Id"])


def _found(
    kind: str,
    name: str,
    listed: Mapping[str, Any],
    remove: Callable[[str], object],
    identifier: str,
) -> _Found:
    maker = fate((listed.get("Labels") or {}).get(OWNER_LABEL))
    return _Found(f"{kind} {escape_untrusted(name)}", maker, partial(remove, identifier))


def _missing(name: str, pull: Pull, why: str) -> str:
    if pull is Pull.ALWAYS:
        return f"The image '{name}' cannot be pulled ({why}): check its name, or leave out --pull."
    if pull is Pull.NEVER:
        return f"No image '{name}' here, and --pull never was given: pull or build it first."
    return (
        f"No image '{name}' here and it cannot be pulled ({why}): check the name or build it first."
    )


def _remove_all(leftovers: Iterable[_Found]) -> tuple[str, ...]:
    removed, refused = [], []
    for each in leftovers:
        try:
            each.remove()
        except NotFound:
            continue
        except APIError as error:
            refused.append(f"{each.name} ({explanation(error)})")
        else:
            removed.append(each.name)
    if refused:
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise RefusedError(
            f"The Docker engine cannot remove {refused[0]}{more}: "
            "remove what uses it, then try again."
        )
    return tuple(removed)


def _ours(name: object) -> bool:
    # A container inherits its image's labels. One that a user started from an image with our
    # label in it (committed from one of ours, say) is not ours; its name tells.
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _runtime(name: str, info: Mapping[str, Any], version: Mapping[str, Any]) -> str:
    """The runtime with its version, as the engine knows it, or the program itself."""
    for component in version.get("Components") or ():
        if component.get("Name") == name:
            return f"{name} {_text(component.get('Version'))}"
    program = ((info.get("Runtimes") or {}).get(name) or {}).get("path")
    return str(installed_version(program) or name) if isinstance(program, str) else name


def _text(value: object) -> str:
    return escape_untrusted(value) if isinstance(value, str) else ""
