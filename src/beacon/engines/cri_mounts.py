"""What a container has mounted, from a launch's words to mounts of CRI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EXDEV
from pathlib import Path
from typing import Any

from beacon.engines.cri_client import expressed, messages
from beacon.engines.cri_options import unsupported
from beacon.engines.cri_sandbox import Sandbox
from beacon.engines.file_copy import budget, copy, measure
from beacon.engines.file_tree import TooLargeError
from beacon.engines.inside_root import path_inside
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
    """What is mounted; `volumes` the container alone can have written, by its paths there.

    `seen` is where this process finds what the runtime has at a path.
    """

    placed: tuple[tuple[_Volume, Path], ...]
    others: tuple[Any, ...]
    volumes: dict[str, Path]
    seen: Callable[[Path], Path]

    def mounts(self) -> tuple[Any, ...]:
        """For one start: containers may have changed what their volumes hold. RefusedError.

        A runtime follows links in a path. So a container of the Pod that exchanges a folder between
        this look and the mount still leads it out; a kubelet mounts what it has looked at.
        """
        own = (each.mount(_below(place, each.path, self.seen)) for each, place in self.placed)
        return (*own, *self.others)


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
    placed, others, volumes = [], [], {}
    for number, word in enumerate(launch.volumes):
        volume = _Volume.read(word)
        place, is_own = _place(volume, own / f"volume-{number}", sandbox, copied, stopped)
        placed.append((volume, place))
        if is_own and not volume.read_only:
            volumes[volume.target] = place
    for target, place in sandbox.memory(launch).items():
        others.append(messages.Mount(container_path=target, host_path=str(place)))
    targets = {*(each.target for each, _ in placed), *(each.container_path for each in others)}
    if _HOSTS not in targets and not sandbox.shares_network:
        others.append(messages.Mount(container_path=_HOSTS, host_path=str(sandbox.hosts())))
    return Provided(tuple(placed), tuple(others), volumes, sandbox.seen)


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

    @expressed()
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


def _below(place: Path, path: str, seen: Callable[[Path], Path]) -> Path:
    """A folder or file in a volume, made if it is not there; links are followed inside of it."""
    if not path:
        return place
    try:
        return place / path_inside(seen(place), path, _WORLD)
    except OSError as error:
        leads = "leads out of" if error.errno == EXDEV else f"cannot be had ({error.strerror}) in"
        raise RefusedError(f"The path {escape_untrusted(path)} {leads} its volume.") from None


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
