"""Finds services and workloads by name: those of every installed distribution."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted
from beacon.workloads.combination import Combination, parse
from beacon.workloads.confined import ConfinedWorkload
from beacon.workloads.interface import UnknownWorkloadError, Workload
from beacon.workloads.none import NoWorkload
from beacon.workloads.script import ScriptWorkload
from beacon.workloads.service import GROUP, Service


class BrokenServiceError(UsageError):
    """An installed distribution names a service that cannot be loaded, or one that is there."""


@cache
def services() -> Mapping[str, Service]:
    """All services by name, in alphabetical order.

    BrokenServiceError for a plug-in that cannot be imported, is not a Service, or has the name of
    another one: a profile would not say what it was made with.
    """
    found: dict[str, Service] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        service = _loaded(point)
        if service.name in found:
            raise BrokenServiceError(
                f"Two installed packages have a service {service.name!r} (the second is "
                f"{_package(point)}): uninstall one of them."
            )
        found[service.name] = service
    return found


def _loaded(point: EntryPoint) -> Service:
    try:
        service = point.load()
    except Exception as error:  # whatever a plug-in does when it is imported
        raise BrokenServiceError(
            f"The service {escape_untrusted(point.name)!r} of {_package(point)} cannot be loaded "
            f"({type(error).__name__}: {escape_untrusted(str(error))}): repair or uninstall that "
            "package."
        ) from error
    if not isinstance(service, Service):
        raise BrokenServiceError(
            f"The service {escape_untrusted(point.name)!r} of {_package(point)} is not a "
            "beacon.workloads.service.Service: repair or uninstall that package."
        )
    return service


def _package(point: EntryPoint) -> str:
    return (
        f"the package {escape_untrusted(point.dist.name)}" if point.dist else "an unknown package"
    )


@cache
def drivers() -> Mapping[str, Service]:
    """The services that bring a workload of their own, by that workload's name."""
    return {each.workload: each for each in services().values() if each.drives is not None}


def by_port(port: int) -> str | None:
    """The workload that this port's number stands for by habit."""
    known = (name for name, each in drivers().items() if each.guessed and port in each.habits)
    return next(known, None)


def names() -> tuple[str, ...]:
    """The names of all workloads, `none` first."""
    return (NoWorkload.name, *sorted(drivers()))


def is_known(name: str) -> bool:
    """Whether a workload has this name; any other name stands for a program of the host."""
    return name == NoWorkload.name or name in drivers() or parse(name, drivers()) is not None


def find(name: str) -> Workload:
    """The workload of this name, or the one that runs the executable at this path.

    A combination's name holds several (`http+memcached:11212`).

    Either drives from a process of its own.

    UnknownWorkloadError if there is neither, MissingClientError if its library is missing.
    """
    if name == NoWorkload.name:
        return NoWorkload()
    if service := drivers().get(name):
        service.check_clients()
        return ConfinedWorkload(service)
    if parts := parse(name, drivers()):
        return Combination(parts, find, drivers())
    # NUL cannot be part of a path, and asking the kernel about one raises.
    if "\0" not in name and ("/" in name or (name and Path(name).exists())):
        return ScriptWorkload(name)
    raise UnknownWorkloadError(
        f"there is no workload {escape_untrusted(name)!r}: give one of {', '.join(names())}, or "
        "the path "
        f"of an executable file{_how_to_get_more()}"
    )


def _how_to_get_more() -> str:
    """How to install the catalogue, unless it is there."""
    own = all(str(each.drives).startswith("beacon.") for each in drivers().values())
    return "; pip install 'beacon-policy[catalogue]'" if own else ""


def unconfined(name: str) -> Workload:
    """The workload of this name, which drives from whatever process calls it.

    Its clients take all the memory that a container fills: for a process that is limited.
    MissingClientError if its library is missing; KeyError if there is no such workload.
    """
    return drivers()[name].load()
