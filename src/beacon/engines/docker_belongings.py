"""Volumes and networks that are made for one container and go with it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from beacon.engines.file_copy import MOST_BYTES, MOST_FILES, budget, copy, measure
from beacon.engines.file_tree import TooLargeError
from beacon.errors import UsageError
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.text import escape_untrusted
from beacon.model.volume import Volume

#: The name of everything that BeaCon makes in an engine begins so.
NAME_PREFIX = "beacon-"


def new_name() -> str:
    """Return a name that nothing else has."""
    return NAME_PREFIX + secrets.token_hex(8)


class Belongings:
    """What was made for one container, with `labels` on all of it.

    What is being copied when the command is `stopped` ends with StoppedError.
    """

    def __init__(
        self, api: Any, labels: Mapping[str, str], stopped: Callable[[], bool] | None = None
    ) -> None:
        self._api, self._labels, self._stopped = api, labels, stopped
        self._volumes: list[str] = []
        self.network: str | None = None
        #: Paths that are in the container instead of those that were given.
        self.copies: frozenset[str] = frozenset()

    def provide(self, launch: Launch, *, copied: bool = False) -> Launch:
        """Make what the launch asks for as new; the launch with the names of what was made.

        `copied`: what it could write to of the host, too. UsageError for what cannot be copied.
        """
        shared = {each.shared_source for each in launch.mounted()} if copied else set()
        instead = {given: self._copy(given) for given in shared if given is not None}
        self.copies = frozenset(instead.values())
        volumes = tuple(str(self._volume(each, instead)) for each in launch.mounted())
        network = launch.network
        if network in (MadeNetwork.NEW, MadeNetwork.IPV6):
            network = self._network(ipv6=network == MadeNetwork.IPV6)
        return msgspec.structs.replace(launch, volumes=volumes, network=network)

    def new_network(self) -> str:
        """A new network's name."""
        return self._network(ipv6=False)

    def new_volume(self) -> str:
        """A new volume's name."""
        return self._new()[0]

    def remove(self) -> None:
        """Remove it all, which must not be in use any more; what is gone already is no error."""
        for name in self._volumes:
            with suppress(NotFound):
                self._api.remove_volume(name)
        if self.network is not None:
            with suppress(NotFound):
                self._api.remove_network(self.network)

    def _volume(self, volume: Volume, instead: Mapping[str, str]) -> Volume:
        if volume.source is None:
            return volume
        source = self._new()[0] if volume.is_new else volume.source
        return msgspec.structs.replace(volume, source=instead.get(source, source))

    def _new(self) -> tuple[str, Path]:
        """A new volume's name, and where its files are."""
        name = new_name()
        made = self._api.create_volume(name, labels=dict(self._labels))
        self._volumes.append(name)
        return name, Path(str((made or {}).get("Mountpoint")))

    def _copy(self, given: str) -> str:
        """What stands for a path or a volume: a copy of its own; sockets and devices themselves."""
        if given.startswith("/"):
            return self._copy_of_path(given)
        found = self._found(given)
        name, place = self._new()
        if found is not None:
            _copied(given, found, place, self._stopped)
        return name

    def _copy_of_path(self, given: str) -> str:
        found = Path(os.path.realpath(given))
        there = found.exists()
        if there and not (found.is_dir() or found.is_file()):
            return given
        # Not the volume itself: into an empty one the engine would copy the image's files.
        place = self._new()[1] / "copy"
        if there:
            _copied(given, found, place, self._stopped)
        else:  # the engine would make a folder there
            place.mkdir()
        return str(place)

    def _found(self, name: str) -> Path | None:
        """Where the files of a volume are; None if there is no such volume yet."""
        try:
            document = self._api.inspect_volume(name)
        except NotFound:
            return None
        if document.get("Driver") != "local" or document.get("Options"):
            raise UsageError(
                "Each run of a job works on a copy, and the files of the volume "
                f"{escape_untrusted(name)} "
                "are not on this host: mount it read-only, or copy what the job needs of it."
            )
        return Path(str(document.get("Mountpoint")))

    def _network(self, *, ipv6: bool) -> str:
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=_prefix())]) if ipv6 else None
        name = new_name()
        self._api.create_network(name, labels=dict(self._labels), enable_ipv6=ipv6, ipam=ipam)
        self.network = name
        return name


def _copied(given: str, found: Path, place: Path, stopped: Callable[[], bool] | None) -> None:
    try:
        measure(found, budget(stopped))
        copy(found, place, budget(stopped))
    except TooLargeError:
        raise UsageError(
            f"Each run of a job works on a copy, and {escape_untrusted(given)} is more than "
            f"{MOST_FILES} files or {MOST_BYTES >> 20} MiB: mount it read-only or less of it, or "
            "give --ready-log if this is a service."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is none"
        raise UsageError(
            f"Each run of a job works on a copy, and {escape_untrusted(given)} cannot be copied to "
            f"{place} ({reason}): mount it read-only, or see to that."
        ) from None


def _prefix() -> str:
    """A random one of the range for private use (RFC 4193), so that runs do not meet."""
    digits = secrets.token_hex(7)
    return f"fd{digits[:2]}:{digits[2:6]}:{digits[6:10]}:{digits[10:]}::/64"
