"""What software a container was recognised as, and what its sockets speak."""

from __future__ import annotations

from typing import Literal

import msgspec

from beacon.model.listener import Port


class RecognisedService(msgspec.Struct, frozen=True):
    """A service by name, with what it was recognised by, a few words each."""

    name: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`httpd (process /usr/sbin/httpd)`."""
        return f"{self.name} ({', '.join(self.reasons)})" if self.reasons else self.name


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """The workload that a socket wants. `asked`: it answered so; else it is the port's habit.

    `tls`: it wants TLS first.
    """

    port: Port
    workload: str
    transport: Literal["tcp", "udp"] = "tcp"
    tls: bool = False
    asked: bool = False

    def __str__(self) -> str:
        """`http on 80/tcp`."""
        secure = " over TLS" if self.tls and self.workload != "tls" else ""
        return f"{self.workload}{secure} on {self.port}/{self.transport}"


class Recognition(msgspec.Struct, frozen=True):
    """The services of a container, the likeliest first, and what its sockets speak.

    `chosen`: the user named the services.
    """

    services: tuple[RecognisedService, ...] = ()
    sockets: tuple[Spoken, ...] = ()
    chosen: bool = False

    def sentence(self) -> str:
        """`recognised: httpd (process /usr/sbin/httpd), http on 80/tcp`; empty for nothing."""
        said = [*map(str, self.services), *map(str, self.sockets)]
        return f"{'as chosen' if self.chosen else 'recognised'}: {', '.join(said)}" if said else ""
