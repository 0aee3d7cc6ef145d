"""Finds a workload by its name, or guesses one from the ports of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from beacon.model.text import printable
from beacon.workloads.http.workload import HttpWorkload
from beacon.workloads.interface import UnknownWorkloadError, Workload
from beacon.workloads.none import NoWorkload
from beacon.workloads.reach import HTTP_PORTS, REDIS_PORTS
from beacon.workloads.redis.workload import RedisWorkload
from beacon.workloads.script import ScriptWorkload

_KNOWN: Mapping[str, Callable[[], Workload]] = {
    NoWorkload.name: NoWorkload,
    HttpWorkload.name: HttpWorkload,
    RedisWorkload.name: RedisWorkload,
}
_HABITS: Mapping[int, str] = {
    **dict.fromkeys(HTTP_PORTS, HttpWorkload.name),
    **dict.fromkeys(REDIS_PORTS, RedisWorkload.name),
}


def find(name: str) -> Workload:
    """The workload of this name, or the one that runs the executable at this path.

    UnknownWorkloadError if there is neither, MissingClientError if its library is missing.
    """
    if name in _KNOWN:
        return _KNOWN[name]()
    # NUL cannot be part of a path, and asking the kernel about one raises.
    if "\0" not in name and ("/" in name or (name and Path(name).exists())):
        return ScriptWorkload(name)
    raise UnknownWorkloadError(
        f"there is no workload {printable(name)!r}: "
        f"give one of {', '.join(_KNOWN)}, or the path of an executable file"
    )


def guess(ports: tuple[int, ...]) -> str:
    """The name of the workload that the first well-known port stands for; `none` without one."""
    known = [_HABITS[port] for port in ports if port in _HABITS]
    return known[0] if known else NoWorkload.name
