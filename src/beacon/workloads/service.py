"""A service: what BeaCon knows of a kind of software, in one object that a plug-in provides."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from beacon.workloads.interface import MissingClientError, Workload

#: The entry-point group in which distributions name their services.
GROUP = "beacon.services"

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)


#: In a probe's question: host and port of an origin (`beacon.workloads.origin`).
ORIGIN = b"{origin}"


@dataclass(frozen=True)
class Probe:
    """A harmless question to a socket whose protocol nobody has named.

    `send` is empty where the server speaks first. What it answers is the protocol's if `answer`
    matches at its beginning. A probe must not disturb servers of any other protocol. Where `send`
    names an `ORIGIN`, it is the address of an HTTP server of ours, for servers that pass on.
    """

    send: bytes
    answer: re.Pattern[bytes]
    transport: Literal["tcp", "udp"] = "tcp"

    @property
    def passed_on(self) -> bool:
        """Whether it asks for what somebody else answers."""
        return ORIGIN in self.send


@dataclass(frozen=True, kw_only=True)
class Service:
    """How to recognise a kind of software, drive it, and vary what is around it.

    `workload` is the name of the workload that drives it: another service's, or its own if
    `drives` says where that is (`package.module:NAME` of a Workload). It talks to the likeliest of
    `ports` (those of `tls_ports` speak TLS from the first byte on). `besides` are further ports
    that it drives where they are open, each with the check that shows it. `guessed`: a port's
    number alone stands for it. Unless it `understands` its protocol, what it drives does not count
    as exercised. `transports`: for a protocol of UDP, the check that shows that a
    transport was used.

    `programs` are the file names of its programs (`httpd`), also of scripts that start it;
    `images` the names of images without registry and tag (`httpd`, `bitnami/apache`), which decide
    only where one of the `interpreters` runs. `probes` are what its sockets answer.

    `settings` is a file as docs/reference/settings.md describes it; its dimensions are those of
    every image that is recognised. `configuration` are the paths inside at which users put their
    own: who mounts something there is not varied.

    `clients` are the Python modules that its workload imports, `requirement` what pip installs
    them with.
    """

    name: str
    summary: str
    workload: str
    drives: str | None = None
    ports: tuple[int, ...] = ()
    tls_ports: tuple[int, ...] = ()
    besides: Mapping[int, str] = field(default_factory=dict)
    guessed: bool = True
    understands: bool = True
    transports: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    settings: Path | None = None
    configuration: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    requirement: str = "beacon-policy[catalogue]"

    def __post_init__(self) -> None:
        for name in (self.name, self.workload):
            if not NAME.fullmatch(name):
                raise ValueError(f"a service's name is like 'httpd' or 'my-service', not {name!r}")

    @cached_property
    def habits(self) -> tuple[int, ...]:
        """Where it listens by habit, the likeliest first."""
        return (*self.ports, *self.tls_ports)

    def check_clients(self) -> None:
        """Find its client libraries without importing them: a driver is a process of its own.

        MissingClientError that names what to install.
        """
        for module in self.clients:
            if not _is_installed(module):
                raise MissingClientError(
                    f"the {self.workload} workload needs the Python package {module}: "
                    f"pip install '{self.requirement}'"
                )

    def load(self) -> Workload:
        """Import its workload, which drives from whatever process calls it.

        MissingClientError; ImportError, AttributeError or TypeError for a broken plug-in.
        """
        self.check_clients()
        module, _, attribute = str(self.drives).partition(":")
        workload = getattr(importlib.import_module(module), attribute)
        if not isinstance(workload, Workload):
            raise TypeError(f"{self.drives} is not a Workload")
        return workload


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # its package is missing, or was taken out of sys.modules
        return False
