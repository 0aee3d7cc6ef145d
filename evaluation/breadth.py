"""Breadth: many images, each profiled with a small budget, its policy verified.

usage: breadth.py DIR RESULTS.json [--runs N] [--jobs N] [NAME...]   (--runs: at most so many of
each image, 40; --jobs: so many at a time)

The images are those of `images/breadth.toml`; `beacon fleet` does the work, and goes on where it
was interrupted. RESULTS.json has all that is in DIR. An image that cannot be built, profiled or
verified is in the table with its reason; exit code 10 if there is one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, median

import msgspec

from beacon.data.cves import cves
from beacon.exploration.growth import growth
from beacon.fleet.result import Result, Status, Summary
from beacon.model.event import Event, Syscall
from beacon.model.files import load_profile
from breadth_images import Image, build, chosen, images
from catalogue import BEACON, settings
from markdown import share, table
from policies import DOCKER, stopped_by_docker
from results import keep

_RUNS, _STARTS, _SECONDS = 40, 5, 900


class Row(msgspec.Struct, frozen=True):
    """One image. `stands_for` is a Docker official image; `grown`: see environments.py."""

    image: str
    stands_for: str | None
    differs: str | None
    job: bool
    result: Result
    grown: float | None = None


def entry(image: Image, runs: int) -> str:
    """The image in a fleet's file; JSON's strings, numbers and lists are TOML's, too."""
    fields: dict[str, object] = {
        "image": image.tag,
        "name": image.name,
        "pull": "never",
        "max_runs": runs,
        "time_budget": _SECONDS,
        "starts": _STARTS,
        **{f"launch.{name}": value for name, value in image.launch.items()},
    }
    if image.job:
        fields["launch.job"] = True
    if image.workload is not None:
        fields["workload"] = image.workload
    if image.catalogue:
        fields["settings"] = str(settings(image.name))
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["[[images]]", *lines, ""])


def _built(wanted: Sequence[Image]) -> tuple[list[Image], list[Result]]:
    """Those that are there or could be built, and why others are not."""
    ready, failed = [], []
    for image in wanted:
        why = None if _is_there(image) or image.catalogue else build(image)
        if why is None:
            ready.append(image)
            continue
        reason = f"it cannot be built: {why}"
        failed.append(Result(name=image.name, image=image.tag, status=Status.FAILED, reason=reason))
    return ready, failed


def _is_there(image: Image) -> bool:
    inspected = subprocess.run(["docker", "image", "inspect", image.tag], capture_output=True)
    return inspected.returncode == 0


def _fleet(
    directory: Path, ready: Sequence[Image], runs: int, options: Sequence[str]
) -> tuple[Result, ...]:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "images.toml"
    file.write_text("\n".join(entry(each, runs) for each in ready))
    words = ["--resume", "--json", *options, "-o", str(directory / "fleet"), str(file)]
    done = subprocess.run([BEACON, "fleet", *words], stdout=subprocess.PIPE)
    if not done.stdout:
        sys.exit(f"beacon fleet ended with {done.returncode}.")
    return msgspec.json.decode(done.stdout, type=Summary).images


def _row(image: Image, result: Result, directory: Path) -> Row:
    grown = None
    if result.syscalls and not image.job:
        grown = growth(load_profile(directory / "fleet" / image.name / "profile"), _call)
    return Row(
        image.name,
        image.official,
        image.differs,
        image.job,
        result,
        None if grown is None else grown.environments,
    )


def _call(event: Event) -> Event | None:
    return Syscall(event.name) if isinstance(event, Syscall) else None


def _cells(row: Row) -> list[str]:
    result = row.result
    numbers = ["", "", "", ""]
    if result.syscalls:
        counts = (result.runs, result.syscalls, len(result.capabilities), result.cves_stopped)
        numbers = list(map(str, counts))
    stands_for = "-" if row.stands_for is None else row.stands_for + (" *" if row.differs else "")
    kind = "job" if row.job else "server"
    grown = "" if row.grown is None else share(row.grown)
    said = {Status.POLICY: "policy at fault", Status.ENVIRONMENT: "fails without it, too"}
    came_to = said.get(result.status, result.status.value)
    return [row.image, stands_for, kind, *numbers, grown, f"{result.seconds:.0f}", came_to]


def _told(rows: Sequence[Row]) -> Iterator[str]:
    heads = ["image", "official", "kind", "runs", "calls", "capabilities", "CVEs stopped"]
    yield table([*heads, "environments", "seconds", "came to"], [_cells(row) for row in rows])
    yield ""
    for label, among in (
        ("Of those that stand for an official image", [row for row in rows if row.stands_for]),
        ("Of the others", [row for row in rows if not row.stands_for]),
    ):
        verified = sum(row.result.status is Status.VERIFIED for row in among)
        yield f"{label}, {verified} of {len(among)} are verified."
    answered = [row for row in rows if row.result.syscalls]
    if answered:
        counted = [cve for cve in cves() if cve.counts]
        calls = [row.result.syscalls for row in answered]
        stopped = [row.result.cves_stopped for row in answered]
        default = len(stopped_by_docker(counted, DOCKER))
        yield (
            f"A policy allows {median(calls):.0f} system calls ({min(calls)} to {max(calls)}) and "
            f"stops {median(stopped):.0f} of {len(counted)} known CVEs ({min(stopped)} to "
            f"{max(stopped)}) at the median; Docker {DOCKER}'s default stops {default}."
        )
    grown = [row.grown for row in rows if row.grown is not None]
    if grown:
        yield f"Environments add {share(mean(grown))} to the baseline of a server on average."
    if any(row.differs for row in rows):
        differs = (f"{row.image}: {row.differs}" for row in rows if row.differs)
        yield f"\\* differs from the official image beyond its packaging. {'; '.join(differs)}."
    reasons = [row for row in rows if row.result.reason]
    if reasons:
        yield "\nWhy some are not verified:\n"
        yield from (f"- {row.image}: {_plain(str(row.result.reason))}" for row in reasons)


def _plain(reason: str) -> str:
    """A container's words as text of a page."""
    short = reason if len(reason) <= 300 else reason[:299] + "…"
    return "".join(f"\\{c}" if c in "\\`*_<>[]|#&" else c for c in short)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--runs", type=int, default=_RUNS)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    directory = options.directory / "breadth"
    wanted = chosen(options.names)
    ready, failed = _built(wanted)
    jobs = () if options.jobs is None else ("--jobs", str(options.jobs))
    results = [*failed, *(_fleet(directory, ready, options.runs, jobs) if ready else ())]
    measured = {each.name: _row(images()[each.name], each, directory) for each in results}
    rows = [*keep(options.results, Row, measured, [*images()]).values()]
    for line in _told(rows):
        print(line)
    sys.exit(10 if any(row.result.status is not Status.VERIFIED for row in rows) else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
