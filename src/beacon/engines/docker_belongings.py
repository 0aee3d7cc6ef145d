"""Volumes and networks that are made for one container and go with it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from beacon.model.launch import Launch

#: The name of everything that BeaCon makes in an engine begins so.
NAME_PREFIX = "beacon-"
NEW = "@new"
NEW_IPV6 = "@ipv6"  # a network with addresses of both kinds


def new_name() -> str:
    """Return a name that nothing else has."""
    return NAME_PREFIX + secrets.token_hex(8)


class Belongings:
    """What was made for one container, with `labels` on all of it."""

    def __init__(self, api: Any, labels: Mapping[str, str]) -> None:
        self._api, self._labels = api, labels
        self._volumes: list[str] = []
        self.network: str | None = None

    def provide(self, launch: Launch) -> Launch:
        """Make what the launch asks for as new; the launch with the names of what was made."""
        volumes = tuple(self._volume(word) for word in launch.volumes)
        network = launch.network
        if network in (NEW, NEW_IPV6):
            network = self._network(ipv6=network == NEW_IPV6)
        return msgspec.structs.replace(launch, volumes=volumes, network=network)

    def remove(self) -> None:
        """Remove it all, which must not be in use any more; what is gone already is no error."""
        for name in self._volumes:
            with suppress(NotFound):
                self._api.remove_volume(name)
        if self.network is not None:
            with suppress(NotFound):
                self._api.remove_network(self.network)

    def _volume(self, word: str) -> str:
        source, mark, rest = word.partition(":")
        if source != NEW:
            return word
        name = new_name()
        self._api.create_volume(name, labels=dict(self._labels))
        self._volumes.append(name)
        return f"{name}{mark}{rest}"

    def _network(self, *, ipv6: bool) -> str:
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=_prefix())]) if ipv6 else None
        name = new_name()
        self._api.create_network(name, labels=dict(self._labels), enable_ipv6=ipv6, ipam=ipam)
        self.network = name
        return name


def _prefix() -> str:
    """A random one of the range for private use (RFC 4193), so that runs do not meet."""
    digits = secrets.token_hex(7)
    return f"fd{digits[:2]}:{digits[2:6]}:{digits[6:10]}:{digits[10:]}::/64"
