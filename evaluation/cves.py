"""Known CVEs that policies stop: BeaCon's, Docker's default, and those of a static analyser.

usage: cves.py DIR [NAME...]   (profiles are taken from DIR/NAME, or recorded there)

Static and by-name policies look at no arguments, and static ones grant Docker's capabilities. Exit
code 10: under availability fewer than 42 of the 45 are stopped on average, or fewer than 80 % of
those that Docker's default leaves open.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import mean

from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.model.cve import Cve
from beacon.model.event import Capability, Event, Syscall
from beacon.model.intent import PRESETS
from catalogue import chosen, profile
from markdown import share, table
from policies import DOCKER, by_name, counted, events, stopped, stopped_by_docker
from static import SCOPES, analysed

_WANTED, _WANTED_SHARE = 42, 0.8

Policies = dict[str, frozenset[Event]]


def policies(name: str, directory: Path) -> Policies:
    """What each kind of policy allows an image."""
    recorded = profile(name, directory / name)
    reach = analysed(f"beacon/{name}")
    found: Policies = {}
    for scope in SCOPES:
        names = reach.within(scope)
        granted = (Capability(f"CAP_{each}") for each in DOCKER_DEFAULT)
        found[f"static, {scope.value}"] = frozenset([*map(Syscall, names), *granted])
    for preset in PRESETS:
        allowed = events(recorded, preset)
        found[f"{preset}, by name"] = by_name(allowed)
        found[preset] = allowed
    return found


def _rows(found: list[Policies], among: list[Cve]) -> list[list[str]]:
    """A row for each kind: how many it stops, and how many of those that Docker leaves open."""
    docker = stopped_by_docker(among, DOCKER)
    left = [cve for cve in among if cve.id not in docker]
    rows = [[f"Docker {DOCKER}'s default", _of(len(docker), among), "0", "0.0 %"]]
    for kind in found[0]:
        all_, more = _average(found, kind, among), _average(found, kind, left)
        rows.append([kind, _of(all_, among), f"{more:.1f}", share(more / len(left))])
    return rows


def _average(found: list[Policies], kind: str, among: list[Cve]) -> float:
    return mean(len(stopped(each[kind], among)) for each in found)


def _of(count: float, among: list[Cve]) -> str:
    return f"{count:.1f} of {len(among)} ({count / len(among):.0%})"


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    names = chosen(arguments[1:])
    found = [policies(name, Path(arguments[0])) for name in names]
    subset = [cve for cve in counted() if cve.evaluation]
    for title, among in (("The 45", subset), ("All", counted())):
        heads = [title, "stopped", f"of those that Docker {DOCKER} leaves open", "share"]
        print(table(heads, _rows(found, among)), end="\n\n")
    print(_by_image(names, found, subset))
    sys.exit(0 if _reached(found, subset) else 10)


def _by_image(names: list[str], found: list[Policies], among: list[Cve]) -> str:
    rows = [
        [name, *(str(len(stopped(each[kind], among))) for kind in each)]
        for name, each in zip(names, found, strict=True)
    ]
    return table(["of the 45, by image", *found[0]], rows)


def _reached(found: list[Policies], among: list[Cve]) -> bool:
    docker = stopped_by_docker(among, DOCKER)
    left = [cve for cve in among if cve.id not in docker]
    return _average(found, "availability", among) >= _WANTED and _average(
        found, "availability", left
    ) >= _WANTED_SHARE * len(left)


if __name__ == "__main__":
    main(sys.argv[1:])
