"""Removes what an interrupted command left behind."""

from __future__ import annotations

from beacon.engines.interface import Engine
from beacon.monitor.cgroup import find_hierarchy, leftovers, remove_tree
from beacon.owner import owner_is_dead
from beacon.workloads import script_leftovers


def clean(engine: Engine, *, everything: bool = False) -> list[str]:
    """Remove labelled containers, networks and volumes, and cgroups, whose maker is dead.

    `everything` takes those of living commands too. Returns what was removed.
    """
    removed = engine.sweep(everything=everything)
    removed += script_leftovers.remove(everything=everything)
    for path in leftovers(find_hierarchy()):
        if everything or _maker_is_dead(path.name):
            remove_tree(path)
            if not path.exists():
                removed.append(f"cgroup {path}")
    return removed


def _maker_is_dead(name: str) -> bool:
    """Whether the process that `Lab.name` named is gone (a slice spells - as _)."""
    words = name.removeprefix("beacon-").removesuffix(".slice").replace("_", "-").split("-")
    return len(words) == 3 and owner_is_dead(f"{words[0]}:{words[1]}")
