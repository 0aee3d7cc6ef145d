"""What a running container listens on, from its readiness to its end, and what was driven of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from beacon.engines.interface import Container, RefusedError
from beacon.model.listener import Listener, widest
from beacon.model.run import Check
from beacon.workloads.interface import Endpoint, Workload

#: Seconds between two looks at the connections that a script makes.
_LOOK = 0.25


class Hearing:
    """Readings of one container's sockets.

    What waits on a port that the kernel may have chosen and carries datagrams is a service only if
    it is there in every reading: a resolver asks from such a socket and closes it.
    """

    def __init__(self) -> None:
        self._readings: list[frozenset[Listener]] = []
        self._driven: set[str] = set()

    def read(self, container: Container) -> tuple[Listener, ...]:
        """Take one reading; nothing of a container that is gone."""
        with suppress(RefusedError):
            found = container.listeners()
            if found:
                self._readings.append(frozenset(found))
            return found
        return ()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What it listened on."""
        found = frozenset[Listener]().union(*self._readings)
        return tuple(sorted(each for each in widest(found) if self._lasts(each)))

    @property
    def driven(self) -> tuple[Listener, ...]:
        """Those that a workload drove."""
        return tuple(each for each in self.listeners if _socket(each) in self._driven)

    def drive(
        self, workload: Workload, container: Container, endpoint: Endpoint, seconds: float
    ) -> tuple[Check, ...]:
        """Let the workload drive it for so long, and keep what it reached."""
        if workload.reached(endpoint, ()) is not None:
            checks = workload.drive(endpoint, seconds)
            self._driven |= workload.reached(endpoint, checks) or frozenset()
        else:
            with _Witness(container, self._driven):
                checks = workload.drive(endpoint, seconds)
            self._driven |= _named(checks)
        return checks

    def _lasts(self, listener: Listener) -> bool:
        passing = listener.protocol == "udp" and listener.ephemeral
        return not passing or all(listener in reading for reading in self._readings)


def _socket(listener: Listener) -> str:
    return f"{listener.port}/{listener.protocol}"


def _named(checks: Sequence[Check]) -> set[str]:
    """The sockets that passed checks of a script begin with: `5353/udp: an echo`."""
    heads = (check.name.partition(":") for check in checks if check.passed)
    return {head for head, colon, _ in heads if colon}


class _Witness:
    """Watches which TCP ports others connect to, while a program of the user's drives."""

    def __init__(self, container: Container, found: set[str]) -> None:
        self._container, self._found = container, found
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._end.wait(_LOOK):
            self._look()

    def _look(self) -> None:
        with suppress(RefusedError):
            self._found |= {f"{port}/tcp" for port in self._container.connected()}
