"""What Docker's default stops, by its version: computed from what it lets through."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

import msgspec

from beacon.data.arguments import Argument, canonical, multiplexers
from beacon.data.kernel import tables
from beacon.model.cve import Cve
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.scoring.security import Candidates, routes
from cve_table.inputs import HERE


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one version of the seccomp profile lets through; see docker.toml."""

    version: str
    source: str
    calls: tuple[str, ...]
    classes: dict[str, tuple[str, ...]] = {}
    denied: dict[str, dict[str, frozenset[str]]] = {}

    def events(self) -> Iterator[Syscall]:
        """The system calls that pass, on each ABI that has them."""
        for abi, names in product(Abi, [tables().syscalls]):
            whole = (Syscall(name, abi) for name in self.calls if name in names[abi])
            yield from whole
            yield from (Syscall(call, abi, each) for call, each in self._passing())

    def _passing(self) -> Iterator[tuple[str, str]]:
        for call, classes in self.classes.items():
            yield from ((call, canonical(call, each)) for each in classes)
        for call, denied in self.denied.items():
            yield from ((call, each) for each in _all_but(call, denied))


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    capabilities: tuple[str, ...]
    defaults: tuple[Default, ...]


def stopped_by_default(cve: Cve) -> dict[str, bool]:
    """Whether each version stops the CVE."""
    return {version: not routes(cve, passing) for version, passing in _candidates().items()}


@cache
def defaults() -> _File:
    """docker.toml, read once."""
    return msgspec.convert(tomllib.loads((HERE / "docker.toml").read_text()), _File)


@cache
def _candidates() -> Mapping[str, Candidates]:
    granted: tuple[Event, ...] = tuple(map(Capability, defaults().capabilities))
    return {each.version: Candidates([*each.events(), *granted]) for each in defaults().defaults}


def _all_but(call: str, denied: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Every class of a call that has a name, but those with a denied constant."""
    for words in _words(multiplexers()[call].arguments, {}):
        if not any(words[argument] in names for argument, names in denied.items()):
            yield canonical(call, ",".join(words.values()))


def _words(arguments: tuple[Argument, ...], chosen: dict[str, str]) -> Iterator[dict[str, str]]:
    if not arguments:
        yield chosen
        return
    first, *others = arguments
    names = first.names if first.by is None else first.names_by.get(chosen[first.by], {})
    for word in [*names, "0"] if 0 not in names.values() else names:
        yield from _words(tuple(others), {**chosen, first.name: word})
