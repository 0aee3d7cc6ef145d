"""Argument classes by the names that they have today.

A class whose value had no name when it was recorded holds the number (`ioctl(0xaa00)`). Once
data/arguments.toml names it, everything else speaks of the name.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from beacon.data.arguments import canonical
from beacon.model.observation import SyscallCount
from beacon.model.run import Run


def with_current_names(runs: Iterable[Run]) -> list[Run]:
    """The runs, with each class by today's name; what is not a class stays as it is."""
    return [_renamed(run) for run in runs]


def _renamed(run: Run) -> Run:
    stale = {n: _entry(each) for n, each in enumerate(run.observation.syscalls) if _is_stale(each)}
    if not stale:
        return run
    syscalls = tuple(stale.get(n, each) for n, each in enumerate(run.observation.syscalls))
    return replace(run, observation=replace(run.observation, syscalls=syscalls))


def _is_stale(entry: SyscallCount) -> bool:
    name = entry.call.name
    return any(_today(name, each.argument) != each.argument for each in entry.classes)


def _entry(entry: SyscallCount) -> SyscallCount:
    classes = (
        replace(each, argument=_today(entry.call.name, each.argument)) for each in entry.classes
    )
    return replace(entry, classes=tuple(classes))


@cache
def _today(call: str, argument: str) -> str:
    try:
        return canonical(call, argument)
    except ValueError:
        return argument  # whoever reads the document says so
