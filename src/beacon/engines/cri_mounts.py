"""What a container has mounted, from a launch's words to mounts of CRI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon.engines.cri_client import messages
from beacon.engines.cri_sandbox import Sandbox
from beacon.engines.file_copy import budget, copy, measure
from beacon.engines.file_tree import TooLargeError
from beacon.engines.interface import NotSupportedError
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted

_NEW = "@new"
_WORLD = 0o777
_HOSTS = "/etc/hosts"
#: Of Docker's options of a volume those that say nothing here.
_WITHOUT_EFFECT = frozenset({"rw", "z", "Z", "nocopy", "delegated", "cached", "consistent"})
_PROPAGATION = {
    "rprivate": messages.PROPAGATION_PRIVATE,
    "rslave": messages.PROPAGATION_HOST_TO_CONTAINER,
    "rshared": messages.PROPAGATION_BIDIRECTIONAL,
}


@dataclass(frozen=True)
class Provided:
    """The mounts, and what of them the container alone can have written, by its paths there."""

    mounts: tuple[Any, ...]
    volumes: dict[str, Path]


def provide(
    launch: Launch,
    sandbox: Sandbox,
    own: Path,
    *,
    copied: bool,
    stopped: Callable[[], bool] | None = None,
) -> Provided:
    """Make what the launch asks for as new, in the folder `own`.

    `copied`: what it could write to of this host, too. NotSupportedError, UsageError for what
    cannot be copied.
    """
    mounts, volumes = [], {}
    for number, word in enumerate(launch.volumes):
        volume = _Volume.read(word)
        source, is_own = volume.source, True
        if source == _NEW:
            place = own / f"volume-{number}"
            place.mkdir()
            place.chmod(_WORLD)
        elif copied and not volume.read_only:
            place = own / f"volume-{number}"
            _copy(Path(source), place, stopped)
        else:
            place, is_own = Path(source), False
        mounts.append(volume.mount(place))
        if is_own and not volume.read_only:
            volumes[volume.target] = place
    for target, place in sandbox.memory(launch).items():
        mounts.append(messages.Mount(container_path=target, host_path=str(place)))
    if not any(each.container_path == _HOSTS for each in mounts) and not sandbox.shares_network:
        mounts.append(messages.Mount(container_path=_HOSTS, host_path=str(sandbox.hosts())))
    return Provided(tuple(mounts), volumes)


@dataclass(frozen=True)
class _Volume:
    source: str
    target: str
    read_only: bool
    propagation: int = messages.PROPAGATION_PRIVATE

    @classmethod
    def read(cls, word: str) -> _Volume:
        source, colon, rest = word.partition(":")
        if not colon:
            source, rest = _NEW, source
        target, _, options = rest.partition(":")
        if source != _NEW and not source.startswith("/"):
            raise NotSupportedError(
                f"CRI has no volume by name ({escape_untrusted(source)}): name a path of this host."
            )
        propagation = messages.PROPAGATION_PRIVATE
        for option in _known(options):
            propagation = _PROPAGATION.get(option, propagation)
        return cls(source, target, "ro" in options.split(","), propagation)

    def mount(self, place: Path) -> Any:
        return messages.Mount(
            container_path=self.target,
            host_path=str(place),
            readonly=self.read_only,
            propagation=self.propagation,  # type: ignore[arg-type]
        )


def _known(options: str) -> Iterator[str]:
    for option in filter(None, options.split(",")):
        if option not in (*_WITHOUT_EFFECT, *_PROPAGATION, "ro"):
            raise NotSupportedError(f"CRI has no volume option {escape_untrusted(option)}.")
        yield option


def _copy(source: Path, place: Path, stopped: Callable[[], bool] | None) -> None:
    shown = escape_untrusted(str(source))
    try:
        measure(source, budget(stopped))
        copy(source, place, budget(stopped))
    except (TooLargeError, OSError, ValueError) as error:
        raise UsageError(
            f"Each run of a job works on a copy, and {shown} cannot be copied "
            f"({type(error).__name__}): mount it read-only or less of it, or give --ready-log if "
            "this is a service."
        ) from None
