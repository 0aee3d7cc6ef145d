"""Plans what a campaign explores from a request."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import msgspec

from beacon import __version__
from beacon.campaign.environment_applied import applicable
from beacon.campaign.record import Planner
from beacon.campaign.request import ProfileRequest
from beacon.campaign.service_environments import settings_of
from beacon.data.dimensions import general, select
from beacon.engines.choose import PODS
from beacon.engines.interface import EngineFacts, Image
from beacon.errors import UsageError
from beacon.exploration.choose import choose
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Dimension, EnvironmentSpace
from beacon.model.launch import Launch
from beacon.model.script import Script
from beacon.model.text import escape_untrusted
from beacon.workloads.discovery import services


def planner(request: ProfileRequest, image: Image, launch: Launch) -> Planner:
    """What makes surroundings and strategy once the recognised service's dimensions are known.

    The user's own settings count before those. It raises UsageError for an unknown dimension.
    """

    def plan(
        more: tuple[Dimension, ...], writable: tuple[str, ...]
    ) -> tuple[EnvironmentSpace, Strategy]:
        known = (*general(), *more, *request.settings.dimensions)
        chosen = select(known, _named(request.dimensions, {each.name for each in known}))
        dimensions = applicable(chosen, image, launch, pods=request.engine.engine == PODS)
        paths = tuple(dict.fromkeys((*request.settings.writable, *writable)))
        space = Space(dimensions)
        strategy = choose(request.strategy, space, request.seed, request.target)
        return EnvironmentSpace(dimensions, paths), strategy

    return plan


def _named(words: tuple[str, ...] | None, known: Collection[str]) -> tuple[str, ...] | None:
    """The dimensions of a request; those of services that are not recognised (yet) say nothing."""
    if words is None:
        return None
    later = {
        dimension.name for each in services().values() for dimension in settings_of(each).dimensions
    } - set(known)
    return tuple(word for word in words if word.partition("=")[0] not in later)


def check_services(names: tuple[str, ...] | None) -> None:
    """UsageError for a service that is not installed."""
    for name in names or ():
        if name not in services():
            raise UsageError(
                f"There is no service {escape_untrusted(name)!r}: give one of "
                f"{', '.join(sorted(services()))}, or none alone."
            )


def identity(
    request: ProfileRequest,
    engine: EngineFacts,
    image: Image,
    launch: Launch,
    surroundings: EnvironmentSpace,
    scripts: Sequence[Script],
) -> str:
    """What a journal has to agree in to be this campaign's."""
    words = (
        __version__,
        (engine.name, engine.runtime),
        image.id,
        launch,
        surroundings,
        request.strategy,
        request.seed,
        request.target,
        request.workload,
        scripts,
        request.services,
        request.as_configured,
        [each.key for each in (request.stack, request.pod) if each is not None],
        [(each.name, settings_of(each)) for each in services().values()],
    )
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()
