"""Opens what commands work with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from beacon.campaign.context import RunContext
from beacon.engines.docker import DockerEngine
from beacon.engines.interface import Engine
from beacon.monitor.interface import Monitor
from beacon.monitor.kernel import KernelMonitor


def open_engine() -> Engine:
    """The engine that answers on this host."""
    return DockerEngine()


def open_monitor(*, joining: bool = False) -> Monitor:
    """The kernel's monitor, for itself; `joining` if it is to join containers that run already."""
    return KernelMonitor(joining=joining)


@contextmanager
def open_context() -> Iterator[RunContext]:
    """Engine and monitor together; the cgroups are spelt as the engine's driver wants them."""
    with closing(open_engine()) as engine:
        systemd = engine.facts().cgroup_driver == "systemd"
        with closing(KernelMonitor(systemd_cgroups=systemd)) as monitor:
            yield RunContext(engine=engine, monitor=monitor)
