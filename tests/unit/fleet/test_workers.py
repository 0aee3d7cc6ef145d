from __future__ import annotations

import importlib
import subprocess
import sys
import time

import pytest

from beacon.errors import UsageError
from beacon.fleet import cluster, local
from beacon.fleet.cluster import ClusterWorkers
from beacon.fleet.local import LocalWorkers
from unit.fleet.test_process import JOB, RESULT


def test_local_workers_have_no_hosts() -> None:
    with LocalWorkers(1, lambda *_: None) as workers, pytest.raises(UsageError, match="scheduler"):
        workers.check_host("a")


def test_an_interrupt_stops_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_job(job: bytes, told: object, stopped: object) -> bytes:
        assert callable(stopped)
        while not stopped():
            pass
        return b"stopped"

    monkeypatch.setattr(local, "run_job", run_job)
    workers = LocalWorkers(1, lambda *_: None)
    future, queued = (workers.submit("a", JOB, None) for _ in range(2))
    workers.__exit__(KeyboardInterrupt)
    assert future.result() == b"stopped"
    assert queued.cancelled()


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with pytest.raises(UsageError, match=r"No scheduler answers at tcp://127\.0\.0\.1:1 "):
        ClusterWorkers("tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["tls://127.0.0.1:1", "nothing://a:1"])
def test_an_address_that_cannot_be_used(address: str) -> None:
    """One by TLS needs certificates, which only Dask's configuration names.

    In a process of its own: the client that Dask does not finish would disturb the next one.
    """
    program = "from beacon.fleet import cluster; cluster._PATIENCE = 1; "
    program += f"cluster.ClusterWorkers({address!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "UsageError: No scheduler answers at " in done.stderr


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"beacon-policy\[dask\]"):
        ClusterWorkers("tcp://127.0.0.1:1")


def test_a_cluster_does_what_is_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real scheduler and worker in this process; only the campaign is none."""
    distributed = importlib.import_module("distributed")

    monkeypatch.setattr(cluster, "run_job", lambda job, stopped: RESULT.encode())
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            dashboard_address=":0",
            resources={cluster.RESOURCE: 1},
        ) as real,
        ClusterWorkers(real.scheduler_address) as workers,
    ):
        (name,) = (str(each["name"]) for each in real.scheduler_info["workers"].values())
        workers.check_host(name)
        assert workers.submit("web", JOB, name).result(60).decode() == RESULT
        assert workers.submit("web", JOB, None).result(60).decode() == RESULT
        with pytest.raises(UsageError, match="no worker nowhere"):
            workers.check_host("nowhere")


def test_what_waits_for_a_worker_that_has_gone_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler would keep it for ever: no other worker may take it."""
    distributed = importlib.import_module("distributed")

    monkeypatch.setattr(cluster, "_LOOK", 0)
    monkeypatch.setattr(cluster, "run_job", lambda job, stopped: RESULT.encode())
    options = {"processes": False, "dashboard_address": ":0", "threads_per_worker": 1}
    with (
        distributed.LocalCluster(n_workers=1, **options) as real,
        ClusterWorkers(real.scheduler_address) as workers,
    ):
        (name,) = (str(each["name"]) for each in real.scheduler_info["workers"].values())
        # It has none of the resource, so it never takes the job.
        future = workers.submit("web", JOB, name)
        assert not list(workers.stranded())
        real.scale(0)
        deadline = time.monotonic() + 30
        while not (stranded := list(workers.stranded())):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert stranded == [future]
        assert future.cancel()
        assert not list(workers.stranded())
        with pytest.raises(UsageError, match="no worker"):
            workers.submit("web", JOB, name)
