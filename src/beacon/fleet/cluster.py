"""Workers of a Dask cluster (the extra `dask`), each on a host with an engine and root's rights.

A worker that may do a campaign is started with the resource `campaign`: `--resources campaign=1`
lets one host do one at a time. Security is Dask's own configuration (TLS): whoever reaches the
scheduler runs programs on all workers, with or without BeaCon.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future
from importlib import import_module
from typing import Any
from uuid import uuid4

from beacon.errors import UsageError
from beacon.fleet.interface import Workers, WorkersLostError
from beacon.fleet.process import run_job
from beacon.model.text import escape_untrusted

#: What a worker needs one of for each campaign.
RESOURCE = "campaign"

_PATIENCE = 20  # seconds that the scheduler has to answer
_LOOK = 3.0  # seconds between two questions to the scheduler
_CLEANING = 120.0  # seconds that workers have to remove their containers


class ClusterWorkers(Workers):
    """Those of the scheduler at `address` (`tcp://host:8786`).

    UsageError where Dask is not installed, or nobody answers.
    """

    shares_files = False

    def __init__(self, address: str) -> None:
        self._client = _client(address)
        # No task is a repetition of another, and a dead worker's are counted by the coordinator.
        options: dict[str, Any] = {"pure": False, "resources": {RESOURCE: 1}}
        self._executor = self._client.get_executor(**options)
        self._stop = f"beacon-fleet-{uuid4().hex}"
        self._bound: dict[Future[bytes], str] = {}  # to the address of one worker
        self._looked = time.monotonic()

    def check_host(self, host: str) -> None:
        """UsageError for what is neither a worker's name, nor its host or address."""
        self._worker(host)

    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        """Have a job done by a worker that is free."""
        address = None if host is None else self._worker(host)
        where = {} if address is None else {"workers": [address]}
        try:
            future: Future[bytes] = self._executor.submit(work, job, self._stop, **where)
        except Exception as error:  # whatever a lost connection is
            raise WorkersLostError(
                f"The scheduler takes no more jobs ({escape_untrusted(str(error)[:200])}): start "
                "it and repeat the command with --resume."
            ) from None
        if address is not None:
            self._bound[future] = address
        return future

    def stranded(self) -> Iterable[Future[bytes]]:
        """Those for a worker that has gone; one that starts again has another address."""
        self._bound = {future: each for future, each in self._bound.items() if not future.done()}
        if not self._bound or time.monotonic() - self._looked < _LOOK:
            return ()
        self._looked = time.monotonic()
        if self._client.status != "running":  # the scheduler has gone, and its tasks with it
            return ()
        there = set(self._addresses().values())
        return [future for future, address in self._bound.items() if address not in there]

    def stop(self) -> None:
        """Tell the workers; they interrupt their processes."""
        if self._client.status != "running":  # the scheduler has gone, and its tasks with it
            return
        _dask().Event(self._stop, client=self._client).set()
        deadline = time.monotonic() + _CLEANING
        while time.monotonic() < deadline and self._busy():
            time.sleep(0.5)

    def close(self) -> None:
        """Leave the cluster."""
        self._executor.shutdown(wait=False)
        self._client.close()

    def _busy(self) -> bool:
        """Whether a worker has a task of ours."""
        return any(self._client.processing().values())

    def _worker(self, host: str) -> str:
        """The address of the worker that is meant."""
        known = self._addresses()
        if host not in known:
            raise UsageError(
                f"The cluster has no worker {escape_untrusted(host)}: it has "
                f"{', '.join(map(escape_untrusted, sorted(known))) or 'none'}."
            )
        return known[host]

    def _addresses(self) -> dict[str, str]:
        """Of the workers that are there, by whatever they can be called."""
        known: dict[str, str] = {}
        for address, each in self._client.scheduler_info(n_workers=-1)["workers"].items():
            known |= dict.fromkeys((str(each["name"]), each["host"], address), address)
        return known


def work(job: bytes, stop: str) -> bytes:
    """What a worker runs; it looks now and then whether anybody wants the result."""
    wanted = _Wanted(_dask().Event(stop))
    return run_job(job, stopped=wanted.is_over)


class _Wanted:
    """Asks the scheduler, but not each second."""

    def __init__(self, event: Any) -> None:
        self._event, self._asked = event, time.monotonic()

    def is_over(self) -> bool:
        if time.monotonic() - self._asked < _LOOK:
            return False
        self._asked = time.monotonic()
        return bool(self._event.is_set())


def _dask() -> Any:
    """The library, which only this command needs, and has no types."""
    return import_module("distributed")


def _client(address: str) -> Any:
    try:
        dask = _dask()
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask: pip install 'beacon-policy[dask]', on each host."
        ) from None
    try:
        return dask.Client(address, timeout=_PATIENCE, set_as_default=False)
    # TypeError and RuntimeError: TLS that this host's configuration of Dask has not, or demands.
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = escape_untrusted(str(error)[:200])
        raise UsageError(
            f"No scheduler answers at {escape_untrusted(address)} ({reason}): name another, or see "
            "to Dask's own configuration."
        ) from None
