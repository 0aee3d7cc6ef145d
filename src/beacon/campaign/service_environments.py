"""The environments that only a recognised service has, without what the user has decided."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

import msgspec

from beacon.campaign.service_files import source_of
from beacon.campaign.settings import Settings, read_raw
from beacon.model.environment import Changes, Dimension
from beacon.model.launch import Launch
from beacon.model.volume import Tmpfs
from beacon.workloads.service import Service


def environments(service: Service, launch: Launch, *, main: bool) -> Iterator[Dimension]:
    """Its dimensions with the values that leave the user's own options alone.

    `main`: the container is started for this service, so that its command can be varied.
    """
    for dimension in settings_of(service).dimensions:
        values = {
            name: _sourced(effect, service.name)
            for name, effect in dimension.values.items()
            if _applies(effect, service, launch, main=main)
        }
        if values:
            yield msgspec.structs.replace(dimension, values=values)


def settings_of(service: Service) -> Settings:
    """Its settings; none for a service without a file."""
    return Settings() if service.settings is None else _read(service.settings)


#: A command asks for each several times.
_read = cache(read_raw)


def _applies(effect: Changes, service: Service, launch: Launch, *, main: bool) -> bool:
    starts = bool(effect.command or effect.arguments or effect.entrypoint is not None)
    if starts and (not main or launch.command or launch.entrypoint is not None):
        return False
    memory = (Tmpfs.parse(word).target for word in launch.tmpfs)
    mounted = [*(each.target for each in launch.mounted()), *memory]
    configured = any(_covers(mount, path) for mount in mounted for path in service.configuration)
    if configured and (starts or effect.volumes):
        return False
    if any(_covers(mount, each.target) for mount in mounted for each in effect.mounted()):
        return False
    given = {word.partition("=")[0] for word in launch.env}
    return given.isdisjoint(word.partition("=")[0] for word in effect.env)


def _covers(one: str, other: str) -> bool:
    """Whether one of two paths inside is the other, or lies below it."""
    a, b = PurePosixPath(one), PurePosixPath(other)
    return a.is_relative_to(b) or b.is_relative_to(a)


def _sourced(effect: Changes, service: str) -> Changes:
    sources = {each.source for each in effect.mounted() if each.source is not None}
    own = {each for each in sources if not each.startswith(("/", "@"))}
    return effect.with_sources({each: source_of(service, each) for each in own})
