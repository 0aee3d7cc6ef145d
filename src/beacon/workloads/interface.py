"""What BeaCon asks of a workload: drive a ready container from outside, answer with checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

from beacon.errors import BeaconError, UsageError
from beacon.model.run import Check


class UnknownWorkloadError(UsageError):
    """No workload has this name and no executable file has this path."""


class MissingClientError(UsageError):
    """The workload's client library is not installed."""


class WorkloadError(BeaconError):
    """The workload itself broke, not the container: its script cannot run or answers no JSON."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a container is reached. `address` is None when it has no network.

    `ports` are TCP, `udp_ports` those at which it waits for datagrams.
    `env` holds its own environment variables: the names and passwords it was started with. Once
    `stop` is set the container is gone, and whatever waits for it shall end.
    """

    container: str
    address: str | None
    ports: tuple[int, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stop: Event = field(default_factory=Event, compare=False)
    udp_ports: tuple[int, ...] = ()


class Workload(ABC):
    """Drives one container; has no state of its own, so that runs can share it."""

    name: str

    @abstractmethod
    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Exercise the container for at most `timeout` seconds; every thing tried is a check.

        A container that misbehaves makes checks fail; it never raises. The names of checks and
        the values of passed checks are the same in every run of a healthy container.
        """

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """The sockets (`443/tcp`) that it has driven, as its checks tell.

        None if they do not tell: then it is by the connections that were made.
        """
        return None
