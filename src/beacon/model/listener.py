"""A socket that waits for clients: what a container offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: Ports that Linux gives to sockets that ask for none (net.ipv4.ip_local_port_range).
EPHEMERAL = range(32768, 61000)
#: The port of what listens on another port in each run.
ANY_PORT = 0

Port = Annotated[int, Meta(ge=ANY_PORT, le=65535)]


class Listener(msgspec.Struct, frozen=True, order=True):
    """A port that somebody waits on; `loopback` when only the container itself reaches it."""

    port: Port
    protocol: Literal["tcp", "udp"] = "tcp"
    loopback: bool = False

    def __str__(self) -> str:
        """`443/tcp`, `5353/udp`, `6060/tcp (loopback only)`."""
        port = "a random port" if self.port == ANY_PORT else str(self.port)
        return f"{port}/{self.protocol}{' (loopback only)' if self.loopback else ''}"

    @property
    def ephemeral(self) -> bool:
        """Whether the kernel may have chosen the port."""
        return self.port in EPHEMERAL


def widest(listeners: Iterable[Listener]) -> frozenset[Listener]:
    """Those listeners, without one on loopback only where the same port is open to others too."""
    found = frozenset(listeners)
    wide = {(each.port, each.protocol) for each in found if not each.loopback}
    return frozenset(x for x in found if not x.loopback or (x.port, x.protocol) not in wide)


def own_ports(listeners: Iterable[Listener]) -> tuple[int, ...]:
    """The TCP ports that a server asked for by number, sorted."""
    found = {each.port for each in listeners if each.protocol == "tcp" and not each.ephemeral}
    return tuple(sorted(found - {ANY_PORT}))
