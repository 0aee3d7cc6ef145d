"""What a container has mounted, from a launch's words to mounts of CRI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon.engines.cri_client import messages
from beacon.engines.cri_options import unsupported
from beacon.engines.cri_sandbox import Sandbox
from beacon.engines.file_copy import budget, copy, measure
from beacon.engines.file_tree import TooLargeError
from beacon.engines.interface import RefusedError
from beacon.engines.volume_files import account_files, give_to_group, write_tree
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted

_NEW = "@new"
#: What a service account's Pod has mounted; the token opens nothing.
_ACCOUNT = "@serviceaccount"
_WORLD = 0o777
_HOSTS = "/etc/hosts"
#: Of Docker's options of a volume those that say nothing here.
_WITHOUT_EFFECT = frozenset({"rw", "z", "Z", "nocopy", "delegated", "cached", "consistent"})
_PROPAGATION = {
    "rprivate": messages.PROPAGATION_PRIVATE,
    "rslave": messages.PROPAGATION_HOST_TO_CONTAINER,
    "rshared": messages.PROPAGATION_BIDIRECTIONAL,
}
#: The latter two are a Pod's: `subpath=PATH` of a volume, `fsgroup=GROUP` as its owner.
_OPTIONS = frozenset({*_WITHOUT_EFFECT, *_PROPAGATION, "ro", "subpath", "fsgroup"})


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
        place, is_own = _place(volume, own / f"volume-{number}", sandbox, copied, stopped)
        mounts.append(volume.mount(_below(place, volume.path)))
        if is_own and not volume.read_only:
            volumes[volume.target] = place
    for target, place in sandbox.memory(launch).items():
        mounts.append(messages.Mount(container_path=target, host_path=str(place)))
    if not any(each.container_path == _HOSTS for each in mounts) and not sandbox.shares_network:
        mounts.append(messages.Mount(container_path=_HOSTS, host_path=str(sandbox.hosts())))
    return Provided(tuple(mounts), volumes)


def _place(
    volume: _Volume,
    new: Path,
    sandbox: Sandbox,
    copied: bool,
    stopped: Callable[[], bool] | None,
) -> tuple[Path, bool]:
    """Where its files are on this host, and whether nobody else of this host has them."""
    if volume.source not in (_NEW, _ACCOUNT):
        source = Path(volume.source)
        if source.is_relative_to(sandbox.path):  # a volume of the Pod
            return source, True
        if not copied or volume.read_only:
            return source, False
        _copy(source, new, stopped)
        return new, True
    new.mkdir()
    new.chmod(_WORLD)
    if volume.source == _ACCOUNT:
        write_tree(new, account_files())
    if volume.group is not None:
        give_to_group(new, volume.group)
    return new, True


@dataclass(frozen=True)
class _Volume:
    source: str
    target: str
    read_only: bool
    propagation: int = messages.PROPAGATION_PRIVATE
    path: str = ""
    group: int | None = None

    @classmethod
    def read(cls, word: str) -> _Volume:
        source, colon, rest = word.partition(":")
        if not colon:
            source, rest = _NEW, source
        target, _, options = rest.partition(":")
        if source not in (_NEW, _ACCOUNT) and not source.startswith("/"):
            raise unsupported(
                f"there is no volume by name ({escape_untrusted(word)}): name a path of this host."
            )
        given = dict(option.partition("=")[::2] for option in _known(options))
        propagation = next((_PROPAGATION[each] for each in given if each in _PROPAGATION), 0)
        group = given.get("fsgroup", "")
        return cls(
            source,
            target,
            "ro" in given,
            propagation,
            given.get("subpath", ""),
            int(group) if group.isdecimal() else None,
        )

    def mount(self, place: Path) -> Any:
        return messages.Mount(
            container_path=self.target,
            host_path=str(place),
            readonly=self.read_only,
            propagation=self.propagation,  # type: ignore[arg-type]
        )


def _known(options: str) -> Iterator[str]:
    for option in filter(None, options.split(",")):
        if option.partition("=")[0] not in _OPTIONS:
            raise unsupported(f"there is no option {escape_untrusted(option)} of a volume.")
        yield option


def _below(place: Path, path: str) -> Path:
    """A folder or file in a volume, made if it is not there; no link is followed to it."""
    for part in Path(path).parts:
        outside = part in ("..", "/")
        place = place / part
        if outside or place.is_symlink():
            raise RefusedError(f"The path {escape_untrusted(path)} leads out of its volume.")
        if not place.exists():
            place.mkdir()
            place.chmod(_WORLD)
    return place


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
