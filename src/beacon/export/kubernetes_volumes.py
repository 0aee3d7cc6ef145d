"""What a container has mounted, in the words of a Pod's volumes.

https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from beacon.export.launched import mounts
from beacon.model.launch import Launch
from beacon.model.volume import Tmpfs

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - in the container

_Volumes = dict[str, tuple[str, bool, dict[str, Any]]]


def volumes(launch: Launch) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Where the container has which volume, and what these are: all are made with the Pod."""
    mounted: list[dict[str, Any]] = []
    declared: list[dict[str, Any]] = []
    for target, read_only, kind in {**_fresh(launch), **_memory(launch)}.values():
        name = f"beacon-{len(declared)}"
        mounted.append(
            {"name": name, "mountPath": target, **({"readOnly": True} if read_only else {})}
        )
        declared.append({"name": name, "emptyDir": kind})
    return mounted, declared


def _fresh(launch: Launch) -> _Volumes:
    found = (mount for mount in mounts(launch) if mount.source is None)
    return {mount.target: (mount.target, mount.read_only, {}) for mount in found}


def _memory(launch: Launch) -> _Volumes:
    found = shared_memory(launch)
    for target, options in _tmpfs(launch):
        sizes = [size for word in options if (size := _limit(word))]
        limit = {"sizeLimit": sizes[-1]} if sizes else {}
        found[target] = (target, "ro" in options, {"medium": "Memory", **limit})
    return found


def shared_memory(launch: Launch) -> _Volumes:
    """What is at /dev/shm, if the launch says how large; 64 MiB otherwise, under Docker as well."""
    size = quantity(launch.shm_size or "")
    kind = {"medium": "Memory", "sizeLimit": size}
    return {_SHARED_MEMORY: (_SHARED_MEMORY, False, kind)} if size else {}


def _tmpfs(launch: Launch) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in map(Tmpfs.parse, launch.tmpfs):
        yield each.target, each.words()


def _limit(option: str) -> str | None:
    """The size that an option of a tmpfs sets, if it is one and no share of the memory."""
    name, _, size = option.partition("=")
    return quantity(size) if name == "size" else None


def remarks(launch: Launch) -> Iterator[str]:
    """How an emptyDir differs from what the container had there."""
    for mount in mounts(launch):
        if mount.source is None:
            yield f"Empty here, filled by Docker with what the image has there: {mount.target}"
        elif not mount.of_host:
            yield f"To add: a claim for the volume {mount.source} at {mount.target}"
    for target, options in _tmpfs(launch):
        others = [word for word in options if word not in ("ro", "rw") and not _limit(word)]
        if others:
            yield f"Not said by an emptyDir: {','.join(others)} of the tmpfs at {target}"


def quantity(size: str) -> str | None:
    """A size as docker spells it (`64m`) as Kubernetes does (`64Mi`), or None if it is none."""
    match = _SIZE.fullmatch(size)
    if not match:
        return None
    unit = match[2].upper()
    return f"{match[1]}{unit}i" if unit else match[1]
