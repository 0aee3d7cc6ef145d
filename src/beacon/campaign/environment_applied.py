"""Puts a container into an environment: the options to start it with, and what to do to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from beacon.campaign.service_files import resolved
from beacon.engines.interface import Image
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace, Need, Step
from beacon.model.launch import Launch, MadeNetwork, Options
from beacon.model.volume import Volume

_LISTS = frozenset(
    each.name for each in msgspec.structs.fields(Options) if isinstance(each.default, tuple)
)
_PRIVATE_NETWORKS = (None, "bridge", "default", MadeNetwork.POD)


@dataclass(frozen=True)
class StartPlan:
    """How a run's container is started, and the steps of its life."""

    launch: Launch
    steps: tuple[Step, ...] = field(default=())


def apply(
    surroundings: EnvironmentSpace, environment: Environment, image: Image, launch: Launch
) -> StartPlan:
    """The user's own launch, changed as the environment's settings say."""
    steps: list[Step] = []
    for effect in surroundings.effects(environment):
        whole = _expand(effect, image, surroundings)
        launch = _change(launch, whole, image)
        steps += whole.steps
    return StartPlan(launch, tuple(steps))


def applicable(
    dimensions: Sequence[Dimension], image: Image, launch: Launch, *, pods: bool = False
) -> tuple[Dimension, ...]:
    """The dimensions that mean anything for this image and leave the user's own options alone.

    `pods`: the engine starts Pods.
    """
    kept = (_without_fixed(dimension, launch) for dimension in dimensions)
    return tuple(
        dimension
        for dimension in kept
        if dimension.values and all(_met(need, image, launch, pods) for need in dimension.needs)
    )


def _met(need: Need, image: Image, launch: Launch, pods: bool) -> bool:
    user = image.user if launch.user is None else launch.user
    return {
        Need.VOLUMES: bool(image.volumes),
        Need.PORTS: bool(image.ports),
        Need.ROOT: user.partition(":")[0] in ("", "0", "root"),
        Need.CLIENT: launch.network in _PRIVATE_NETWORKS,
        Need.POD: pods,
    }[need]


def _without_fixed(dimension: Dimension, launch: Launch) -> Dimension:
    values = {v: effect for v, effect in dimension.values.items() if not _fixed(effect, launch)}
    return msgspec.structs.replace(dimension, values=values)


def _fixed(effect: Changes, launch: Launch) -> bool:
    """Whether the user has already said something else of what the effect would set."""
    return any(getattr(launch, name) is not None for name in _singles(effect))


def _singles(effect: Changes) -> Iterator[str]:
    for each in msgspec.structs.fields(Options):
        if each.default is None and getattr(effect, each.name) is not None:
            yield each.name


def _change(launch: Launch, effect: Changes, image: Image) -> Launch:
    changes: dict[str, object] = {name: getattr(effect, name) for name in _singles(effect)}
    for each in msgspec.structs.fields(Options):
        given = getattr(effect, each.name)
        if each.name in _LISTS and given:
            changes[each.name] = getattr(launch, each.name) + given
        elif each.default is False and given:
            changes[each.name] = True
    changes["command"] = _command(launch, effect, image)
    return msgspec.structs.replace(launch, **changes)


def _command(launch: Launch, effect: Changes, image: Image) -> tuple[str, ...]:
    command = effect.command or launch.command
    if not effect.arguments:
        return command
    # An entry point of the user's own takes none of the image's arguments.
    own = () if launch.entrypoint is not None or effect.entrypoint is not None else image.arguments
    return (command or own) + effect.arguments


def _expand(effect: Changes, image: Image, surroundings: EnvironmentSpace) -> Changes:
    many = {"{volume}": image.volumes, "{writable}": surroundings.writable}
    changes: dict[str, Any] = {
        name: tuple(word for text in getattr(effect, name) for word in _words(text, many))
        for name in _LISTS
    }
    changes["volumes"] = tuple(str(resolved(Volume.parse(word))) for word in changes["volumes"])
    changes["steps"] = tuple(
        msgspec.structs.replace(step, path=path)
        for step in effect.steps
        for path in (_words(step.path, many) if step.path is not None else (None,))
    )
    return msgspec.structs.replace(effect, **changes)


def _words(text: str, many: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    for mark, values in many.items():
        if mark in text:
            return tuple(text.replace(mark, value) for value in values)
    return (text,)
