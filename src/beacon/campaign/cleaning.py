"""Removes what an interrupted command left behind."""

from __future__ import annotations

from collections.abc import Iterable

from beacon.engines import cri_folder
from beacon.engines.interface import Engine
from beacon.errors import BeaconError
from beacon.model.leftovers import Kept, Swept, joined
from beacon.monitor.cgroup import Hierarchy, find_hierarchy, leftovers, remove_tree
from beacon.process_identity import Fate, fate
from beacon.workloads import script_leftovers


def clean(engines: Iterable[Engine], *, everything: bool = False) -> Swept:
    """Remove labelled containers, networks and volumes, folders and cgroups of dead makers.

    `everything` removes all of them, whoever made them. The first BeaconError of an engine, after
    all the rest was cleaned.
    """
    parts, failures = [], []
    for engine in engines:
        try:
            parts.append(engine.sweep(everything=everything))
        except BeaconError as error:
            failures.append(error)
    parts.append(script_leftovers.remove(everything=everything))
    parts.append(cri_folder.remove_left(everything=everything))
    parts.append(_cgroups(find_hierarchy(), everything))
    if failures:
        raise failures[0]
    return joined(parts)


def _cgroups(hierarchy: Hierarchy, everything: bool) -> Swept:
    removed, kept = [], []
    for path in leftovers(hierarchy):
        maker = fate(_label(path.name))
        if not everything and maker is not Fate.DEAD:
            kept.append(Kept(f"cgroup {path}", maker))
            continue
        remove_tree(path)
        if not path.exists():
            removed.append(f"cgroup {path}")
    return Swept(tuple(removed), tuple(kept))


def _label(name: str) -> str:
    """The identity in a name that `RunContext.name` gave (a slice's name has _ for -)."""
    words = name.removeprefix("beacon-").removesuffix(".slice").replace("_", "-")
    return words.rpartition("-")[0]
