"""Workers of this host: a thread for each, which has one process after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from beacon.errors import UsageError
from beacon.fleet.interface import Workers
from beacon.fleet.process import run_job
from beacon.model.text import escape_untrusted


class LocalWorkers(Workers):
    """`count` campaigns at a time; `tell` gets the name of an image and a line of progress."""

    shares_files = True

    def __init__(self, count: int, tell: Callable[[str, str], None]) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="campaign")
        self._stopped = threading.Event()
        self._tell = tell

    def check_host(self, host: str) -> None:
        """There is none but this one."""
        raise UsageError(
            f"An image names the host {escape_untrusted(host)}: only a cluster has hosts, give its "
            "--scheduler."
        )

    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        """Have a job done in a process."""
        told = partial(self._tell, name)
        return self._executor.submit(run_job, job, told, self._stopped.is_set)

    def stop(self) -> None:
        """Interrupt the processes."""
        self._stopped.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """End the threads."""
        self._executor.shutdown(wait=True)
