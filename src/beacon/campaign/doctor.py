"""What this host can do, and what to fix."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import closing

import msgspec

from beacon.engines.choose import ENGINES, EngineChoice
from beacon.engines.interface import Engine
from beacon.errors import BeaconError
from beacon.model.architecture import MACHINES
from beacon.monitor.cgroup import find_hierarchy
from beacon.monitor.interface import Monitor
from beacon.monitor.program import BTF


class Finding(msgspec.Struct, frozen=True):
    """One thing BeaCon needs: whether it is there, and a sentence on what was found or to do.

    What is not `needed` may be missing: something else takes its place.
    """

    name: str
    ok: bool
    detail: str
    needed: bool = True


def examine(
    open_engine: Callable[[EngineChoice], Engine], open_monitor: Callable[[], Monitor]
) -> list[Finding]:
    """Look at everything, also after a failure, so that one visit tells all."""
    return [
        _platform(),
        _root(),
        _btf(),
        _attempt("cgroups", _cgroups),
        _attempt("kernel program", lambda: _monitor(open_monitor)),
        *_engines(open_engine),
    ]


def _platform() -> Finding:
    system, machine = platform.system(), platform.machine()
    ok = system == "Linux" and machine in MACHINES
    wanted = "" if ok else f": BeaCon needs Linux on {' or '.join(MACHINES)}."
    return Finding("platform", ok, f"{system} {platform.release()} on {machine}{wanted}")


def _root() -> Finding:
    if os.geteuid() == 0:
        return Finding("root", True, "Running as root.")
    return Finding("root", False, "Not root: run BeaCon with sudo.")


def _btf() -> Finding:
    if BTF.is_file():
        return Finding("BTF", True, f"{BTF} is there.")
    return Finding(
        "BTF", False, f"{BTF} is missing: use a kernel built with CONFIG_DEBUG_INFO_BTF."
    )


def _cgroups() -> str:
    hierarchy = find_hierarchy()
    return f"Version {hierarchy.version}, at {hierarchy.identity}."


def _monitor(open_monitor: Callable[[], Monitor]) -> str:
    if os.geteuid() != 0:
        raise BeaconError("Skipped: it needs root.")
    monitor = open_monitor()
    try:
        return f"Loads and attaches; capability checks are seen by {monitor.facts().rung}."
    finally:
        monitor.close()


def _engines(open_engine: Callable[[EngineChoice], Engine]) -> Iterator[Finding]:
    """Each engine; one that can be used is enough."""
    looked = {name: _engine(name, open_engine) for name in ENGINES}
    usable = any(ok for ok, _ in looked.values())
    for name, (ok, detail) in looked.items():
        yield Finding(f"engine {name}", ok, detail, needed=not usable)


def _engine(name: str, open_engine: Callable[[EngineChoice], Engine]) -> tuple[bool, str]:
    """Whether it can be used, and a sentence on what it is or what to do."""
    try:
        with closing(open_engine(EngineChoice(name))) as engine:
            facts = engine.facts()
    except BeaconError as error:
        return False, str(error)
    found = f"{facts.version} with {facts.runtime}"
    if facts.seccomp:
        return True, f"{found}; it installs filters."
    return False, f"{found} was built without seccomp: install one that has it."


def _attempt(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except BeaconError as error:
        return Finding(name, False, str(error))
