"""Who works: processes of this host, or a cluster's; either is an Executor of the standard library.

A family of two: `local.py` and `cluster.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Self

from beacon.errors import BeaconError


class WorkersLostError(BeaconError):
    """Nobody takes jobs any more."""


class Workers(ABC):
    """A context manager; left by an exception, it stops whatever is running and waits for that.

    `shares_files`: a path of the coordinator is the same file for a worker.
    """

    shares_files: bool

    @abstractmethod
    def check_host(self, host: str) -> None:
        """UsageError for a host that entries name and that is not there."""

    @abstractmethod
    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        """Have a job done, on this host if one is named.

        WorkersLostError, and UsageError for a host that is not there any more.
        The future raises whatever a worker's death is to the executor.
        """

    def stranded(self) -> Iterable[Future[bytes]]:
        """What waits for a host that has gone: nobody else would ever do it."""
        return ()

    @abstractmethod
    def stop(self) -> None:
        """End what is running, and wait until it has cleaned up."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the executor."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is not None:
            self.stop()
        self.close()
