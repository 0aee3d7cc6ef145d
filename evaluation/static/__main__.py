"""Which system calls can an image's programs make? Nothing of the image is run.

usage: __main__.py [--scope entry|image] [--json] [--cache DIR] [--profiles DIR] IMAGE...
(DIR/NAME holds the profile of .../NAME: what it saw and the analysis misses is listed)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

# Run as a file it finds its own folder only, not the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from beacon.reach.analysis import Reachable, Scope
from beacon.reach.cache import Cache
from markdown import table
from static.images import analyse
from static.observed import missed


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    cache = Cache(options.cache)
    scopes = [Scope(options.scope)] if options.scope else list(Scope)
    found = [[analyse(image, scope, cache) for scope in scopes] for image in options.images]
    if options.json:
        for each in (one for row in found for one in row):
            print(msgspec.json.encode(_document(each)).decode())
        return
    heads = ["image", *(f"calls, {s}" for s in scopes), *(f"unresolved, {s}" for s in scopes)]
    print(table([*heads, "files", "seconds"], [_row(row) for row in found]))
    print("\n".join(["", *sorted({line for row in found for line in _gaps(row[-1])})]))
    if options.profiles:
        print("\n".join(["", *(line for row in found for line in _misses(row, options.profiles))]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scope", choices=list(Scope), help="one instead of both")
    parser.add_argument("--json", action="store_true", help="a document for each, a line long")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where results are kept")
    parser.add_argument("--profiles", type=Path, metavar="DIR", help="what was seen, to compare")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    return parser


def _document(each: Reachable) -> dict[str, object]:
    return {**msgspec.structs.asdict(each), "files": len(each.files)}


def _row(row: list[Reachable]) -> list[str]:
    calls, gaps = (str(len(each.syscalls)) for each in row), (str(each.total()) for each in row)
    files = " / ".join(str(len(each.files)) for each in row)
    return [row[0].image, *calls, *gaps, files, f"{sum(each.seconds for each in row):.0f}"]


def _gaps(each: Reachable) -> list[str]:
    """What was not resolved, a line for each reason and file."""
    gaps = each.unresolved.items()
    return [f"- {path}: {count} x {why}" for why, places in gaps for path, count in places.items()]


def _misses(row: list[Reachable], profiles: Path) -> Iterator[str]:
    """What was seen and not found, a line for each image and scope."""
    for each in row:
        directory = profiles / each.image.split("/")[-1].split(":")[0]
        if (directory / "profile.json").exists():
            calls: dict[str, set[str]] = {}
            for one in missed(each, directory):
                calls.setdefault(one.call, set()).add(f"{one.process} in {one.phase}")
            told = (f"{call} ({', '.join(sorted(who))})" for call, who in calls.items())
            yield f"- {each.image}, {each.scope}, misses: {'; '.join(told) or 'nothing'}"


if __name__ == "__main__":
    main(sys.argv[1:])
