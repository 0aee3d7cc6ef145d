"""What every run of a command shares: the engine, the monitor, and a way to stop it all."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from beacon.engines.interface import Container, Engine
from beacon.errors import BeaconError
from beacon.monitor.interface import Monitor
from beacon.process_identity import identify

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class CancelledError(BeaconError):
    """The command is ending; raised inside runs that were still under way."""


@dataclass(kw_only=True)
class RunContext:
    """One command's engine and monitor; `stopping` is set once the command is ending.

    `alone` is held by runs that would disturb each other through what they share.
    """

    engine: Engine
    monitor: Monitor
    alone: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)
    _carried: dict[tuple[str, str], int] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def name(self) -> str:
        """A new cgroup name, from which `beacon clean` reads that this process made it."""
        return f"{identify()}-{next(self._numbers)}"

    def proceed(self) -> None:
        """CancelledError once the command is ending."""
        if self.stopping.is_set():
            raise CancelledError("Cancelled.")

    def file_capabilities(self, container: Container, image: str, path: str) -> int:
        """What a file of a container carries; asked once for each path of an image."""
        if not path.startswith("/"):  # execve was given a relative name, and failed
            return 0
        key = image, path
        if key not in self._carried:
            self._carried[key] = container.file_capabilities(path)
        return self._carried[key]

    def in_parallel(
        self, work: Callable[[_Item], _Result], items: Sequence[_Item], jobs: int
    ) -> list[_Result]:
        """Do `work` for every item, `jobs` at a time; results in the items' order.

        The first failure, or an interrupt, ends all that is under way: its containers go first,
        so that nothing waits for a client's time-out.
        """
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="run") as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                self.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                with suppress(BeaconError):  # what ended it says more
                    self.engine.abort()
                raise
        return [future.result() for future in futures]
