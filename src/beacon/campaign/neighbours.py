"""One service of a stack, with what it needs running beside it, unwatched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from beacon.campaign.context import RunContext
from beacon.compose.interface import Condition, Stack, StackService
from beacon.compose.volumes import named_volumes
from beacon.engines.interface import (
    Container,
    Enforcement,
    NotReadyError,
    Place,
    Readiness,
)
from beacon.errors import NothingObservedError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted
from beacon.model.volume import NEW_VOLUME

_LOOK = 0.2  # seconds between two looks at whether it has ended


class NeighbourFailedError(NothingObservedError):
    """A service that another one needs did not become ready."""

    def __init__(self, name: str, why: str, log: str) -> None:
        super().__init__(
            f"The service {escape_untrusted(name)}, which is needed, failed: {why.rstrip('.')}."
        )
        self._log = log

    def diagnostics(self) -> str | None:
        """The tail of the container's output."""
        return self._log or None


def alone(stack: Stack, name: str) -> Launch:
    """How the service is started in each run: a volume that nobody it needs shares is a new one."""
    launch = stack.service(name).launch
    shared = {v for each in stack.needed_by(name) for v in named_volumes(each.launch)}
    fresh = set(stack.volumes) - shared
    return launch.with_sources(dict.fromkeys(fresh, NEW_VOLUME))


def beside(
    context: RunContext, stack: Stack | None, name: str | None, say: Callable[[str], None]
) -> AbstractContextManager[Place | None]:
    """What the service needs, while it runs; nothing without a stack."""
    return nullcontext() if stack is None or name is None else _started(context, stack, name, say)


@contextmanager
def _started(
    context: RunContext, stack: Stack, name: str, say: Callable[[str], None]
) -> Iterator[Place]:
    with context.engine.place(stack.volumes) as place, ExitStack() as running:
        needed = stack.needed_by(name)
        for service in needed:
            say(f"{service.name}: starting {service.image}, which {name} needs")
            launch = place.launch(service.launch)
            image = context.engine.image(service.image, platform=launch.platform)
            container = running.enter_context(
                context.engine.create(image, launch, Enforcement(), cgroup_parent="")
            )
            container.start()
            readiness = Readiness(
                timeout=launch.ready_timeout, stable=launch.ready_after, ports=image.ports
            )
            _wait(service.name, container, readiness, ends=_ends(stack, service))
        yield place


def _ends(stack: Stack, service: StackService) -> bool:
    """Whether others wait for its end."""
    needs = (each.needs.get(service.name) for each in stack.services.values())
    return Condition.COMPLETED in needs


def _wait(name: str, container: Container, readiness: Readiness, *, ends: bool) -> None:
    try:
        if ends:
            _wait_for_end(container, readiness.timeout)
        else:
            container.wait_ready(readiness)
    except NotReadyError as failure:
        raise NeighbourFailedError(name, str(failure), container.logs()) from None


def _wait_for_end(container: Container, seconds: float) -> None:
    end = time.monotonic() + seconds
    while container.running():
        if time.monotonic() > end:
            raise NotReadyError(f"It has not ended after {seconds:g} s.", exited=False)
        time.sleep(_LOOK)
    if code := container.exit_code():
        raise NotReadyError(f"It ended with code {code}.", exited=True)
