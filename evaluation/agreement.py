"""Does the analysis agree with what was seen?

usage: agreement.py DIR [NAME...]   (profiles are taken from DIR/NAME)

Prints, for each image, how many calls each scope holds, how many were seen, and which were seen
from the image's own programs that the analysis says cannot be made, beside the places that it names
as unresolved. Exit code 10: there is one in an image without such places.
"""

from __future__ import annotations

import sys
from pathlib import Path

from beacon.model.files import load_profile
from beacon.model.reach import Reach, Scope
from beacon.reach.agreement import missed
from markdown import table


def row(name: str, directory: Path) -> tuple[list[str], bool]:
    """A row, and whether the analysis is wrong."""
    profile = load_profile(directory / name)
    reach = profile.reach or Reach()
    seen = {call.name for run in profile.ready_runs() for call in run.observation.used()}
    observed = [run.observation for run in profile.ready_runs()]
    gaps = {scope: sorted(missed(reach, observed, scope)) for scope in (Scope.RUN, Scope.IMAGE)}
    places = sum(each.count for each in reach.unresolved if each.scope is Scope.RUN)
    cells = [str(len(reach.within(scope))) for scope in Scope]
    shown = [", ".join(calls) or "none" for calls in gaps.values()]
    wrong = bool(gaps[Scope.IMAGE]) and not places
    return [name, *cells, str(len(seen)), *shown, str(places)], wrong


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    directory = Path(arguments[0])
    names = arguments[1:] or sorted(each.parent.name for each in directory.glob("*/profile.json"))
    rows = [row(name, directory) for name in names]
    heads = ["image", *(f"calls, {scope}" for scope in Scope), "seen"]
    heads += ["seen, not in run", "seen, not in image", "unresolved, run"]
    print(table(heads, [cells for cells, _ in rows]))
    if any(wrong for _, wrong in rows):
        sys.exit(10)


if __name__ == "__main__":
    main(sys.argv[1:])
