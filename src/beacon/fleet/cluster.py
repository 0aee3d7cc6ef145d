"""Workers of a Dask cluster (the extra `dask`), each on a host with an engine and root's rights.

A worker that may do a campaign is started with the resource `campaign`: `--resources campaign=1`
lets one host do one at a time. Security is Dask's own configuration (TLS): whoever reaches the
scheduler runs programs on all workers, with or without BeaCon.
"""

from __future__ import annotations

import time
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
_LOOK = 3.0  # seconds between two questions whether a job is still wanted
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
        self._futures: set[Future[bytes]] = set()
        self._known: dict[str, str] = {}

    def check_host(self, host: str) -> None:
        """UsageError for what is neither a worker's name, nor its host or address."""
        self._worker(host)

    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        """Have a job done by a worker that is free."""
        where = {} if host is None else {"workers": [self._worker(host)]}
        try:
            future: Future[bytes] = self._executor.submit(work, job, self._stop, **where)
        except Exception as error:  # whatever a lost connection is
            raise WorkersLostError(
                f"The scheduler takes no more jobs ({escape_untrusted(str(error)[:200])}): start "
                "it and repeat the command with --resume."
            ) from None
        self._futures.add(future)
        return future

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
        if host not in self._known:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            for address, each in workers.items():
                self._known |= {str(each["name"]): address, each["host"]: address}
                self._known[address] = address
        if host not in self._known:
            raise UsageError(
                f"The cluster has no worker {escape_untrusted(host)}: it has "
                f"{', '.join(map(escape_untrusted, sorted(self._known))) or 'none'}."
            )
        return self._known[host]


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
    except (OSError, ValueError) as error:
        reason = escape_untrusted(str(error)[:200])
        raise UsageError(f"No scheduler answers at {address} ({reason}): name another.") from None
