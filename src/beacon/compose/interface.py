"""A stack: services of a compose file that run together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted


class ComposeError(UsageError):
    """A compose file that cannot be read, or asks for what BeaCon does not support."""


class Condition(StrEnum):
    """What a service waits for in another one before it starts."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, kw_only=True)
class StackService:
    """A service: its image, how it is started, and what has to be there before it.

    `publish` are its ports in the words of `docker run -p`. `optional`: the file starts it only
    where somebody asks for it (`profiles`).
    """

    name: str
    image: str
    launch: Launch
    needs: Mapping[str, Condition] = field(default_factory=dict)
    publish: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Stack:
    """All services of the file at `path`; `volumes` are the names of those that they share."""

    path: Path
    services: Mapping[str, StackService]
    volumes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What is the same as long as its services are run in the same way."""
        return hashlib.sha256(repr(replace(self, path=Path())).encode()).hexdigest()

    def service(self, name: str) -> StackService:
        """The service of this name; ComposeError if there is none."""
        if name not in self.services:
            known = ", ".join(map(escape_untrusted, self.services))
            raise ComposeError(
                f"{self.path} has no service {escape_untrusted(name)}: it has {known}."
            )
        return self.services[name]

    def started(self) -> tuple[StackService, ...]:
        """Those that `docker compose up` starts, each behind what it needs."""
        return self._in_order([each.name for each in self.services.values() if not each.optional])

    def needed_by(self, name: str) -> tuple[StackService, ...]:
        """What this service needs, directly or not, in the order in which it starts."""
        return tuple(each for each in self._in_order([name]) if each.name != name)

    def dependents(self, name: str) -> tuple[str, ...]:
        """The services that need this one."""
        return tuple(each.name for each in self.services.values() if name in each.needs)

    def _in_order(self, names: list[str]) -> tuple[StackService, ...]:
        found: dict[str, StackService] = {}
        for name in names:
            self._visit(name, found, ())
        return tuple(found.values())

    def _visit(self, name: str, found: dict[str, StackService], above: tuple[str, ...]) -> None:
        if name in above:
            circle = " needs ".join(map(escape_untrusted, (*above[above.index(name) :], name)))
            raise ComposeError(f"{self.path} cannot be started: {circle}. Take one of them out.")
        if name not in found:
            service = self.service(name)
            for needed in service.needs:
                self._visit(needed, found, (*above, name))
            found[name] = service
