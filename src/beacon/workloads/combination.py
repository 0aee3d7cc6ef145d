"""Several workloads that drive one container, each at a port of its own.

Its name says all: `http+memcached:11212` is http at the port that it finds by itself, then
memcached at port 11212.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from beacon.model.run import Check
from beacon.model.script import SCRIPT_PATTERN
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.service import NAME, Service

#: A container may listen on any number of ports; each part takes its time.
MOST_PARTS = 8
_PART = re.compile(rf"({NAME.pattern})(?::([1-9]\d{{0,4}}))?", re.ASCII)
#: The name of a script that is kept beside the document which names it (workloads/script.py).
_SCRIPT = re.compile(SCRIPT_PATTERN, re.ASCII)


@dataclass(frozen=True)
class Part:
    """One workload; without a port it chooses that itself."""

    workload: str
    port: int | None = None

    @property
    def is_script(self) -> bool:
        """Whether it is a program of the user's."""
        return _SCRIPT.fullmatch(self.workload) is not None

    def __str__(self) -> str:
        return self.workload if self.port is None else f"{self.workload}:{self.port}"

    def at(self, endpoint: Endpoint, companions: Collection[int] = ()) -> Endpoint:
        """The endpoint as this part sees it: its port, and what it drives beside that."""
        if self.port is None:
            return endpoint
        datagrams = (self.port,) if self.port in endpoint.udp_ports else ()
        own = () if datagrams and self.port not in endpoint.ports else (self.port,)
        beside = (port for port in endpoint.ports if port in companions)
        return dataclasses.replace(endpoint, ports=(*own, *beside), udp_ports=datagrams)


def companions(services: Mapping[str, Service], part: Part) -> Collection[int]:
    """The ports that this part drives beside its own; `services` by workload.

    Only beside a port that the service has by habit: another one is a second server.
    """
    service = services.get(part.workload)
    if service is None:  # a script
        return ()
    return service.besides if part.port is None or part.port in service.ports else ()


def parse(name: str, known: Collection[str]) -> tuple[Part, ...] | None:
    """The parts of a workload's name; None if it is no such name, or names one thing twice.

    Whether there is a script of that name is not looked at.
    """
    words = name.split("+")
    if len(words) > MOST_PARTS:
        return None
    parts: list[Part] = []
    for word in words:
        if _SCRIPT.fullmatch(word):
            parts.append(Part(word))
            continue
        match = _PART.fullmatch(word)
        if not match or match[1] not in known or int(match[2] or 1) > 65535:
            return None
        parts.append(Part(match[1], int(match[2]) if match[2] else None))
    return tuple(parts) if len(set(parts)) == len(parts) else None


class Combination(Workload):
    """Drives by all its parts, one after the other.

    The checks of the first keep their names; before those of the others stands their port, or
    their name.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        find: Callable[[str], Workload],
        services: Mapping[str, Service],
    ) -> None:
        self.name = "+".join(map(str, parts))
        self._parts = [(part, find(part.workload)) for part in parts]
        self._companions = {part: companions(services, part) for part in parts}

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Those of its parts."""
        return tuple(workload for _, workload in self._parts)

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Drive by every part for at most `timeout` seconds each."""
        checks: list[Check] = []
        for number, (part, workload) in enumerate(self._parts):
            prefix = _prefix(part) if number else ""
            found = workload.drive(self._at(part, endpoint), timeout)
            checks += (replace(check, name=f"{prefix}{check.name}") for check in found)
        return tuple(checks)

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """What its parts have driven; None if one of them is a program that does not tell."""
        found: frozenset[str] = frozenset()
        parted = by_part([part for part, _ in self._parts], checks)
        for (part, workload), own in zip(self._parts, parted, strict=True):
            reached = workload.reached(self._at(part, endpoint), own)
            if reached is None:
                return None
            found |= reached
        return found

    def _at(self, part: Part, endpoint: Endpoint) -> Endpoint:
        return part.at(endpoint, self._companions[part])


def _prefix(part: Part) -> str:
    return f"{part.workload}: " if part.port is None else f"{part.port}/tcp: "


def by_part(parts: Sequence[Part], checks: Sequence[Check]) -> list[list[Check]]:
    """The checks of each part of a combination, by the names that the part gave to them."""
    prefixes = ["", *map(_prefix, parts[1:])]
    found: list[list[Check]] = [[] for _ in parts]
    for check in checks:
        named = (n for n, prefix in enumerate(prefixes) if n and check.name.startswith(prefix))
        number = next(named, 0)
        name = check.name.removeprefix(prefixes[number])
        found[number].append(replace(check, name=name))
    return found
