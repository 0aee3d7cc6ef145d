"""What BeaCon does with each option of `docker run`, from `docker_run.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.launch import Launch


class ValueKind(StrEnum):
    """What follows an option."""

    FLAG = "flag"  # nothing
    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    LIST = "list"  # a text each time that it is given


#: The kinds of those that set no field of Launch by themselves.
_OTHERS = {
    "env_file": ValueKind.LIST,
    "mount": ValueKind.LIST,
    "security_opt": ValueKind.LIST,
    "pull": ValueKind.TEXT,
    "runtime": ValueKind.TEXT,
}


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An option that holds in every run; `group` is a heading of the help."""

    group: str
    names: tuple[str, ...]
    help: str
    metavar: str | None = None


class Unheeded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options that have no effect or are refused, and why; each by all its names.

    `flags` take no value, `valued` take one.
    """

    why: str
    flags: tuple[tuple[str, ...], ...] = ()
    valued: tuple[tuple[str, ...], ...] = ()

    def options(self) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Each option's names, and whether it takes a value."""
        yield from ((names, False) for names in self.flags)
        yield from ((names, True) for names in self.valued)


class DockerRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All options of the command line of Docker `version`; `taken` by the field of Launch."""

    version: str
    taken: Mapping[str, Taken]
    ignored: tuple[Unheeded, ...]
    refused: tuple[Unheeded, ...]

    def options(self) -> Iterator[tuple[tuple[str, ...], bool]]:
        """All names of each option, and whether it takes a value."""
        for field, each in self.taken.items():
            yield each.names, value_kind(field) is not ValueKind.FLAG
        for unheeded in (*self.ignored, *self.refused):
            yield from unheeded.options()


@cache
def docker_run() -> DockerRun:
    """The table, read once."""
    return read_table("docker_run.toml", DockerRun)


@cache
def value_kind(field: str) -> ValueKind:
    """What follows the option that sets this field of Launch."""
    if field in _OTHERS:
        return _OTHERS[field]
    default = {each.name: each.default for each in msgspec.structs.fields(Launch)}[field]
    if default is False:
        return ValueKind.FLAG
    if default == ():
        return ValueKind.LIST
    annotation = str(Launch.__annotations__.get(field) or _annotation(field))
    if annotation.startswith(("Integer", "WholeSeconds")):
        return ValueKind.WHOLE
    return ValueKind.NUMBER if annotation.startswith(("float", "Cpus")) else ValueKind.TEXT


def _annotation(field: str) -> object:
    return next(
        kind.__annotations__[field]
        for kind in Launch.__mro__
        if field in getattr(kind, "__annotations__", {})
    )
