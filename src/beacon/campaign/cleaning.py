"""Removes what an interrupted command left behind."""

from __future__ import annotations

from beacon.engines.interface import Engine
from beacon.engines.session import alive
from beacon.monitor.cgroup import find_hierarchy, leftovers, remove_tree


def clean(engine: Engine, *, everything: bool = False) -> list[str]:
    """Remove labelled containers, networks and volumes, and cgroups, whose maker is dead.

    `everything` takes those of living commands too. Returns what was removed.
    """
    removed = engine.sweep(everything=everything)
    for path in leftovers(find_hierarchy()):
        if everything or not _maker_lives(path.name):
            remove_tree(path)
            if not path.exists():
                removed.append(f"cgroup {path}")
    return removed


def _maker_lives(name: str) -> bool:
    """Whether the process that `Lab.name` named in a cgroup lives (`-` is `_` in a slice)."""
    words = name.removeprefix("beacon-").removesuffix(".slice").replace("_", "-").split("-")
    return len(words) == 3 and alive(f"{words[0]}:{words[1]}")
