"""The scale and the groups of the surface's weights, with the history of each.

usage: surface_page.py scale|groups
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from beacon.data.cves import package_cves
from beacon.data.surface import Classes, Group, Rule, group_of, surface
from markdown import table
from surface import shares

_HISTORY = Path(__file__).with_name("surface_history.json")


def scale() -> str:
    """The levels, their weights and what stands on them."""
    rows = [[level.meaning, name, f"{level.weight:g}"] for name, level in surface().levels.items()]
    return table(["meaning", "level", "weight"], rows)


def groups() -> str:
    """All judgements, with the CVEs and exploits that speak of their calls."""
    ours = _ours()
    history = json.loads(_HISTORY.read_text())
    heads = ["judgement", "whose", "level", "known CVEs", "kernel's CVEs", "exploits"]
    rows = []
    for each in _judgements():
        exploits = max((history["calls"].get(call, 0) for call in each.calls), default=0)
        counts = (len(ours[each.name]), history["groups"].get(each.name, 0), exploits)
        title = " ".join([f"**{each.name}**", *each.calls])
        rows.append([f"{title}: {each.why}", each.state, each.level, *map(_number, counts)])
    return table(heads, rows)


def _judgements() -> Iterator[Group]:
    yield from surface().groups
    for classes in surface().classes:
        yield from _of(classes)


def _of(classes: Classes) -> Iterator[Group]:
    """One for each level of a call's classes; what exploits call is not told by class."""
    rules: dict[str, list[Rule]] = defaultdict(list)
    for rule in classes.rules:
        rules[rule.level].append(rule)
    for level, same in rules.items():
        yield Group(
            name=f"{classes.call}, {level}",
            level=level,
            state=same[0].state or classes.state,
            touches=classes.touches,
            why="; ".join(dict.fromkeys(rule.why for rule in same)),
            calls=(classes.call,) if len(rules) == 1 else (),
        )


def _ours() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for cve in (each for each in package_cves() if each.counts):
        for event in shares(cve):
            found[group_of(event)].add(cve.id)
    return found


def _number(count: int) -> str:
    return str(count) if count else "-"


def main(arguments: list[str]) -> None:
    parts = {"scale": scale, "groups": groups}
    if len(arguments) != 1 or arguments[0] not in parts:
        sys.exit(__doc__)
    print(parts[arguments[0]]())


if __name__ == "__main__":
    main(sys.argv[1:])
