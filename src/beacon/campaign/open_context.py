"""Opens what commands work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from beacon.campaign.context import RunContext
from beacon.engines.choose import ENGINES, EngineChoice, open_chosen
from beacon.engines.interface import Engine
from beacon.monitor.interface import Monitor
from beacon.monitor.kernel import KernelMonitor


def open_engine(choice: EngineChoice, say: Callable[[str], None] = lambda _: None) -> Engine:
    """The engine that was chosen, or the first that answers on this host.

    If that is not the one that is tried first, `say` is told.
    """
    engine = open_chosen(choice)
    facts = engine.facts()
    first = next(iter(ENGINES))
    if choice.engine is None and facts.name != first:
        say(
            f"Note: the engine is {facts.name} {facts.version} with {facts.runtime}, because no "
            f"{first} answers."
        )
    return engine


def open_monitor(*, joining: bool = False) -> Monitor:
    """The kernel's monitor, for itself; `joining` if it is to join containers that run already."""
    return KernelMonitor(joining=joining)


@contextmanager
def open_context(choice: EngineChoice, say: Callable[[str], None]) -> Iterator[RunContext]:
    """Engine and monitor together; the cgroups are spelt as the engine's driver wants them."""
    with closing(open_engine(choice, say)) as engine:
        systemd = engine.facts().cgroup_driver == "systemd"
        with closing(KernelMonitor(systemd_cgroups=systemd)) as monitor:
            yield RunContext(engine=engine, monitor=monitor)
