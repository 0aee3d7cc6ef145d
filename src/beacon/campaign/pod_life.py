"""The Pod around one of its containers: made anew for each run, as a kubelet makes it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import msgspec

from beacon.campaign.context import RunContext
from beacon.engines.interface import (
    Container,
    Enforcement,
    Image,
    NotReadyError,
    Place,
    Readiness,
    RefusedError,
)
from beacon.engines.tended import Tended
from beacon.engines.volume_files import give_to_group, write_tree
from beacon.errors import UsageError
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.text import escape_untrusted
from beacon.pod.interface import Pod, PodContainer, PodError, Role

_LOOK = 0.1  # seconds between two looks at whether it has ended
#: What the sandbox has, and not each container: an environment changes it for all of them.
_OF_THE_POD = ("hostname", "dns", "dns_search", "dns_option", "sysctl", "add_host")
_OF_BOTH = ("pid", "ipc")


@dataclass(frozen=True)
class PodLife:
    """One container of a Pod, with the images of those that run before and beside it."""

    pod: Pod
    container: PodContainer
    images: Mapping[str, Image]

    def shares(self, launch: Launch) -> bool:
        """Whether two such Pods would be in each other's way on this host."""
        host_paths = (word for word in launch.volumes if word.startswith("/"))
        only_these = msgspec.structs.replace(launch, volumes=tuple(host_paths))
        return self.pod.launch.network == "host" or only_these.shares_files

    @contextmanager
    def around(self, context: RunContext, launch: Launch) -> Iterator[Place]:
        """The sandbox, with all that is started before the container; RefusedError if it fails."""
        own = {name: getattr(launch, name) for name in (*_OF_THE_POD, *_OF_BOTH)}
        shared = msgspec.structs.replace(self.pod.launch, **own)
        memory = {v.name: v.memory for v in self.pod.volumes if v.memory is not None}
        names = [each.name for each in self.pod.volumes]
        with context.engine.place(names, shared, memory) as place, ExitStack() as running:
            self._fill(place)
            for each in self.pod.before(self.container):
                context.proceed()
                running.enter_context(self._started(context, place, each, launch))
            yield place

    def tended(self, container: Container) -> Container:
        """The container itself, with its hooks and probes."""
        care = self.container.care
        return Tended(container, care) if care.any else container

    def _fill(self, place: Place) -> None:
        for volume in self.pod.volumes:
            folder = place.folders[volume.name]
            files = {path: (each.content, each.mode) for path, each in volume.files.items()}
            try:
                if files:
                    write_tree(folder, files)
                if self.pod.group is not None:
                    give_to_group(folder, self.pod.group, read_only=volume.read_only)
            except OSError as error:
                raise RefusedError(
                    f"The volume {escape_untrusted(volume.name)} cannot be filled "
                    f"({error.strerror}): see its entries and their paths."
                ) from None

    def _started(
        self, context: RunContext, place: Place, other: PodContainer, launch: Launch
    ) -> Container:
        """Another container, unwatched: run to its end if it is an init container."""
        both = {name: getattr(launch, name) for name in _OF_BOTH}
        started = msgspec.structs.replace(place.launch(other.launch), **both)
        image = self.images[other.name]
        container: Container = context.engine.create(
            image, started, Enforcement(), cgroup_parent=""
        )
        care = replace(other.care, readiness=None)  # nothing waits for it but a Service
        if care.any:
            container = Tended(container, care)
        try:
            container.start()
            _wait(container, other, context)
        except NotReadyError as failure:
            log = container.logs(1)
            container.remove()
            raise RefusedError(
                f"The container {escape_untrusted(other.name)} beside it failed: {failure} {log}"
            ) from None
        except BaseException:
            container.remove()
            raise
        return container


def _wait(container: Container, other: PodContainer, context: RunContext) -> None:
    readiness = Readiness(timeout=other.launch.ready_timeout, stable=0.0)
    if other.role is Role.MAIN:  # a kubelet starts the next one at once
        return
    if other.role is Role.SIDECAR:
        container.wait_ready(readiness)
        return
    end = time.monotonic() + readiness.timeout
    while container.running():
        context.proceed()
        if time.monotonic() > end:
            raise NotReadyError(f"It has not ended after {readiness.timeout:g} s.", exited=False)
        time.sleep(_LOOK)
    if code := container.exit_code():
        raise NotReadyError(f"It ended with code {code}.", exited=True)


def pod_life(
    context: RunContext, pod: Pod | None, name: str | None, image: Image
) -> PodLife | None:
    """What the container of this name needs, run from this `image` whatever the manifest says.

    ImageNotFoundError for another container's, PodError.
    """
    if pod is None:
        return None
    container = pod.container(name)
    others = (each for each in pod.containers if each is not container)
    images = {each.name: context.engine.image(each.image) for each in others}
    images[container.name] = image
    for each in (container, *pod.before(container)):
        _check_user(each, images[each.name])
    return PodLife(pod, container, images)


def _check_user(container: PodContainer, image: Image) -> None:
    """A kubelet starts no container as root that says it is none."""
    own = image.user.partition(":")[0] or "0"
    user = (container.launch.user or "").partition(":")[0] or own
    is_number = user.isascii() and user.isdecimal()
    if container.non_root and not (is_number and user.strip("0")):
        raise PodError(
            f"The container {escape_untrusted(container.name)} has runAsNonRoot, and its user is "
            f"{escape_untrusted(user)}: give a runAsUser that is not 0."
        )


def check_pod(launch: Launch, pod: Pod | None) -> str | None:
    """The name of the container that a policy is for; UsageError without its manifest.

    Also for a manifest that it is not from: another container would run in its place.
    """
    if launch.network != MadeNetwork.POD:
        if pod is not None:
            raise UsageError("This was not recorded as a container of a Pod: leave out --pod.")
        return None
    if pod is None:
        raise UsageError(
            "This policy was recorded as a container of a Pod: name its manifest with --pod."
        )
    return next(iter(launch.network_alias), None)
