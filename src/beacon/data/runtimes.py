"""The calls that OCI runtimes make between the filter and the entry point.

docs/concepts/runtimes.md has their story.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from beacon.data.arguments import canonical
from beacon.data.kernel import tables
from beacon.data.table import read_table
from beacon.errors import UsageError
from beacon.model.event import Abi, Syscall, parse_event
from beacon.model.numbers import Count
from beacon.model.own_files import read_regular
from beacon.model.text import escape_untrusted

HOST_TABLE = Path("/etc/beacon/runtimes.toml")
_LARGEST = 1 << 20  # bytes of a host's table
_SHOWN = 200  # characters of an error or a name that is repeated
_NUMBERS = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}", re.ASCII)

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+~_-]{0,63}\Z")]
_Spelt = Annotated[str, Meta(max_length=128)]
_Reason = Annotated[str, Meta(max_length=500)]
_Calls = Annotated[dict[_Spelt, Count], Meta(max_length=256)]


class Measurement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a runtime: in how many of `starts` it made each of `calls`.

    `exec`: what else it makes for a process that joins a running container. Calls are written as
    `str` writes an event, for x86-64.
    """

    name: Name
    version: Version
    starts: Count
    calls: _Calls
    exec: _Calls = {}

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Chance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that any version of a runtime may make by chance, with the code that makes it."""

    runtime: Name
    call: _Spelt
    why: _Reason
    source: _Reason


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All measurements and reasons."""

    runtimes: Annotated[tuple[Measurement, ...], Meta(max_length=128)] = ()
    chance: Annotated[tuple[Chance, ...], Meta(max_length=256)] = ()


@dataclass(frozen=True)
class Floor:
    """The calls that a runtime needs for a start, each with the reason; `exec` for further ones.

    `exact`: it was measured itself; otherwise the nearest version of it was.
    """

    measured: str
    exact: bool
    calls: Mapping[Syscall, str]
    exec: Mapping[Syscall, str]


@cache
def shipped() -> Table:
    """The package's own table, read once."""
    table = read_table("runtimes.toml", Table)
    _check(table)
    return table


def host_tables() -> tuple[Path, ...]:
    """The files by which a host or a user adds to it; they need not be there."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    return HOST_TABLE, Path(home) / "beacon" / "runtimes.toml"


def all_tables() -> Table:
    """The shipped table and the host's; UsageError for one that is damaged."""
    tables_ = [shipped(), *(load(path) for path in host_tables() if path.exists())]
    return Table(
        tuple(each for table in tables_ for each in table.runtimes),
        tuple(each for table in tables_ for each in table.chance),
    )


def load(path: Path) -> Table:
    """A table that somebody wrote; UsageError with the reason if it is none."""
    name = escape_untrusted(str(path))
    try:
        table = msgspec.convert(tomllib.loads(read_regular(path, _LARGEST).decode()), Table)
        _check(table)
    except OSError as error:
        raise UsageError(
            f"Cannot read {name} ({error.strerror}): repair or remove the file."
        ) from None
    except (ValueError, RecursionError) as error:
        reason = escape_untrusted(str(error)[:_SHOWN])
        raise UsageError(
            f"{name} is not a table of runtimes ({reason}): see docs/concepts/runtimes.md, or "
            "measure again with `beacon runtimes --measure`."
        ) from None
    return table


def find_floor(table: Table, runtime: str) -> Floor | None:
    """The floor of a runtime (`runc 1.1.5`; `runc` is the newest), or of its nearest version.

    None for a runtime that the table lacks.
    """
    name, _, version = runtime.partition(" ")
    known = [each for each in table.runtimes if each.name == name]
    if not known:
        return None
    nearest = _nearest(known, _numbers(version))
    exact = not version or _numbers(nearest.version) == _numbers(version)
    same = [each for each in known if each.version == nearest.version]
    reasons = [each for each in table.chance if each.runtime == name]
    return Floor(str(nearest), exact, dict(_calls(same, reasons)), dict(_execs(same)))


def _calls(same: Sequence[Measurement], reasons: Iterable[Chance]) -> Iterator[tuple[Syscall, str]]:
    for each in same:
        for call in each.calls:
            yield _call(call), f"{each} makes it between the filter and the entry point"
    for chance in reasons:  # a better reason than having been seen
        yield (
            _call(chance.call),
            f"{chance.runtime} may make it before the entry point: {chance.why}",
        )


def _execs(same: Iterable[Measurement]) -> Iterator[tuple[Syscall, str]]:
    for each in same:
        for call in each.exec:
            yield _call(call), f"{each} makes it for a health check and for `docker exec`"


def _check(table: Table) -> None:
    """ValueError for a call that does not exist."""
    for each in table.runtimes:
        for call in (*each.calls, *each.exec):
            _call(call)
    for chance in table.chance:
        _call(chance.call)


def _call(text: str) -> Syscall:
    """ValueError if there is no such call."""
    found = parse_event(text)
    if not isinstance(found, Syscall) or found.abi is not Abi.X86_64:
        raise ValueError(f"{text} is not a system call of x86-64")
    if found.name not in tables().syscalls[Abi.X86_64]:
        raise ValueError(f"there is no system call {found.name}")
    if found.argument is not None and canonical(found.name, found.argument) != found.argument:
        raise ValueError(f"there is no argument class {text}")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    """`1.1.5+ds1` is (1, 1, 5): what distributions append is the same code."""
    match = _NUMBERS.match(version.removeprefix("v"))
    return tuple(map(int, match[0].split("."))) if match else ()


def _nearest(known: Iterable[Measurement], wanted: tuple[int, ...]) -> Measurement:
    """Of the versions before and after it the one with more in common; by default the newest."""
    ordered = sorted(known, key=lambda each: _numbers(each.version))
    if not wanted:
        return ordered[-1]
    before = [each for each in ordered if _numbers(each.version) <= wanted][-1:]
    after = [each for each in ordered if _numbers(each.version) > wanted][:1]
    return max([*before, *after], key=lambda each: _in_common(_numbers(each.version), wanted))


def _in_common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def with_measured(table: Table, measured: Measurement) -> Table:
    """The table with a measurement, in place of an older one of the same version."""
    others = (each for each in table.runtimes if str(each) != str(measured))
    return msgspec.structs.replace(table, runtimes=(*others, measured))


def render(table: Table) -> str:
    """The table as TOML, as `load` reads it."""
    parts = []
    for each in table.runtimes:
        parts.append(
            f"[[runtimes]]\nname = {_quoted(each.name)}\nversion = {_quoted(each.version)}\n"
            f"starts = {each.starts}\n"
        )
        for name, calls in (("calls", each.calls), ("exec", each.exec)):
            lines = "".join(f"{_quoted(call)} = {count}\n" for call, count in calls.items())
            parts.append(f"[runtimes.{name}]\n{lines}")
    parts += (
        "[[chance]]\n" + "".join(f"{key} = {_quoted(word)}\n" for key, word in fields.items())
        for fields in (msgspec.to_builtins(each) for each in table.chance)
    )
    return "\n".join(parts)


def _quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")
