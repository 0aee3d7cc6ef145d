"""Finds services and workloads by name: those of every installed distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted
from beacon.workloads.combination import MOST_PARTS, Combination, Part, parse
from beacon.workloads.confined import ConfinedWorkload
from beacon.workloads.interface import UnknownWorkloadError, Workload
from beacon.workloads.none import NoWorkload
from beacon.workloads.script import ScriptWorkload, read_script
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
    if name == NoWorkload.name or name in drivers():
        return True
    parts = parse(name, drivers())
    return parts is not None and not any(part.is_script for part in parts)


def programs(name: str) -> tuple[str, ...]:
    """The user's own programs in a workload's name, as a document names them."""
    if is_known(name):
        return ()
    parts = parse(name, drivers())
    return (name,) if parts is None else tuple(p.workload for p in parts if p.is_script)


def find(name: str) -> Workload:
    """The workload that the user calls so, or the one that runs the executable at this path.

    Several with a `+` between them (`http+memcached:11212+./drive.sh`) drive one after the other.

    Known ones drive from a process of their own.

    UnknownWorkloadError if there is neither, MissingClientError if its library is missing.
    """
    if is_known(name):
        return _known(name)
    # NUL cannot be part of a path, and asking the kernel about one raises.
    if "\0" in name:
        raise _unknown(name)
    return _script(name) if "+" not in name or Path(name).exists() else _combined(name.split("+"))


def find_kept(name: str, kept: Mapping[str, ScriptWorkload]) -> Workload:
    """The workload that a document calls so; `kept` are its scripts, by their names in it.

    A document of an older version names a program by its path. Errors as of `find`.
    """
    if is_known(name):
        return _known(name)
    parts = parse(name, drivers())
    if parts is None:
        return _script(name)
    return kept[name] if name in kept else _combination(parts, kept)


def _known(name: str) -> Workload:
    if name == NoWorkload.name:
        return NoWorkload()
    if service := drivers().get(name):
        service.check_clients()
        return ConfinedWorkload(service)
    return _combination(parse(name, drivers()) or (), {})


def _combination(parts: Sequence[Part], scripts: Mapping[str, ScriptWorkload]) -> Workload:
    def of(name: str) -> Workload:
        if name in scripts:
            return scripts[name]
        if is_known(name):
            return _known(name)
        raise _unknown(name)

    return Combination(parts, of, drivers())


def _script(name: str) -> ScriptWorkload:
    if "/" in name or (name and Path(name).exists()):
        return read_script(name)
    raise _unknown(name)


def _combined(words: Sequence[str]) -> Workload:
    """Known workloads and scripts in one."""
    scripts = [_script(word) for word in words if not is_known(word)]
    by_name = {script.name: script for script in scripts}
    own = iter(scripts)
    parts = parse("+".join(word if is_known(word) else next(own).name for word in words), drivers())
    if parts is None:
        raise UnknownWorkloadError(
            f"{escape_untrusted('+'.join(words))} does not combine: give at most {MOST_PARTS} of "
            "different names, known workloads each at a port of its own (http:9100), not none"
        )
    return _combination(parts, by_name)


def _unknown(name: str) -> UnknownWorkloadError:
    return UnknownWorkloadError(
        f"there is no workload {escape_untrusted(name)!r}: give one of {', '.join(names())}, or "
        "the path "
        f"of an executable file{_how_to_get_more()}"
    )


def scripts_of(workload: Workload | None) -> tuple[ScriptWorkload, ...]:
    """The user's own programs in it."""
    if isinstance(workload, Combination):
        return tuple(each for each in workload.workloads if isinstance(each, ScriptWorkload))
    return (workload,) if isinstance(workload, ScriptWorkload) else ()


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
