"""beacon fleet: profile, derive and verify many images, on one host or many."""

from __future__ import annotations

import argparse
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from beacon.campaign.open_context import open_context
from beacon.campaign.request import default_jobs
from beacon.cli.arguments import check_output, directory, positive
from beacon.cli.console import Console, document_text
from beacon.cli.engine_options import add_engine_options, engine_choice
from beacon.cli.parser import add_command, add_general_options
from beacon.engines.choose import EngineChoice
from beacon.errors import ExitCode
from beacon.fleet.cluster import RESOURCE, ClusterWorkers
from beacon.fleet.coordinate import Coordinator, Plan, statuses
from beacon.fleet.interface import Workers
from beacon.fleet.journal import FleetJournal
from beacon.fleet.local import LocalWorkers
from beacon.fleet.read import DOCUMENT_FILE, read_fleet
from beacon.fleet.result import Result, Summary
from beacon.model.files import write_files, writing

_RETRIES = 2


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "fleet",
        "Profile, derive and verify many images, on one host or many.",
        "Do for each image of FILE what `beacon profile`, `policy` and `verify` do, several images "
        "at a time, each in a process of its own. An image that fails has its reason in the table, "
        "and stops no other. Writes DIR/NAME/profile and DIR/NAME/policy for each, and "
        "DIR/fleet.json (docs/guides/fleet.md). Needs root.\n\n"
        "Exits 1 if an image has no verification, else 10 if a policy failed its own, else 11 if "
        "what failed also fails without the policy.",
        "[OPTIONS] -o DIR FILE",
        [
            "-o policies images.toml",
            "-o policies --workers 4 images.csv",
            "-o policies --engine podman images.toml",
            "-o policies --resume images.toml",
            "-o policies --scheduler tcp://scheduler:8786 images.toml",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="The images, each with its options: TOML, or CSV by its name "
        "(docs/reference/fleet.md). What it gives an image is agreed to, as on a command line.",
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        required=True,
        help="Write all files to this directory; it is made if it is not there. Required.",
    )
    _add_workers(parser)
    add_engine_options(parser)
    add_general_options(parser, "what came of each image")
    parser.set_defaults(run=run)


def _add_workers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--workers",
        metavar="N",
        type=positive(int),
        default=default_workers(),
        help="How many images at a time on this host. Default: one for each two processors.",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Give the images to the workers of this Dask scheduler (tcp://HOST:8786), which have "
        f"the resource {RESOURCE}: one image at a time for each that they have. Needs the extra "
        "`dask` on all hosts. Default: none, but processes of this host.",
    )
    group.add_argument(
        "--jobs",
        metavar="N",
        type=positive(int),
        help="How many runs of an image at a time. Default: four for each processor, at most 16, "
        "shared by the workers of this host.",
    )
    group.add_argument(
        "--retries",
        metavar="N",
        type=_count,
        default=_RETRIES,
        help="Give an image to another worker this many times when its worker died, at most 100. "
        f"Default: {_RETRIES}.",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="Continue an interrupted fleet: keep what is verified, continue what had begun, try "
        "what failed again. Default: begin anew.",
    )


def default_workers() -> int:
    """One for each two processors: what a campaign keeps busy."""
    return max(1, (os.cpu_count() or 1) // 2)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100:
        raise ValueError(text)
    return number


_count.__name__ = "number of retries"


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Hand out, collect, tell."""
    check_output(options.output)
    units = read_fleet(options.file)
    lines = _Lines(console, len(units))
    engine = _engine(options, lines)
    units = tuple(msgspec.structs.replace(unit, engine=engine) for unit in units)
    with (
        writing(options.output),
        FleetJournal(options.output, resume=options.resume) as journal,
        _workers(options, lines) as workers,
    ):
        plan = Plan(options.output, _jobs(options), options.retries)
        summary = Coordinator(workers, plan, journal, lines).run(units)
        text = document_text("fleet", summary)
        write_files(options.output, {DOCUMENT_FILE: text.encode()})
    if options.json:
        console.text(text)
    else:
        _tell(console, summary)
    console.say(f"Wrote {options.output / DOCUMENT_FILE}")
    return summary.exit_code


def _workers(options: argparse.Namespace, lines: _Lines) -> Workers:
    if options.scheduler is not None:
        return ClusterWorkers(options.scheduler)
    return LocalWorkers(options.workers, lines.say)


def _engine(options: argparse.Namespace, lines: _Lines) -> EngineChoice:
    """What runs all campaigns; on this host by name, so that all have the same to their end.

    A cluster's hosts choose each for itself, if nothing is named.
    """
    choice = engine_choice(options)
    if options.scheduler is not None:
        return choice
    # It says once what this host cannot do.
    with open_context(choice, lambda text: lines.say("host", text)) as context:
        return replace(choice, engine=context.engine.facts().name)


def _jobs(options: argparse.Namespace) -> int:
    workers = 1 if options.scheduler is not None else options.workers
    jobs: int = options.jobs or max(1, default_jobs() // workers)
    return jobs


def _tell(console: Console, summary: Summary) -> None:
    heads = ["image", "came to", "runs", "calls", "capabilities", "CVEs stopped", "seconds"]
    console.table(None, heads, [_row(each) for each in summary.images])
    for each in summary.images:
        if each.reason is not None:
            console.result(f"{each.name}: {each.reason}")
    console.result(", ".join(statuses(summary.images)))


def _row(result: Result) -> list[str]:
    if not result.syscalls:
        counts = ["-"] * 3
    else:
        known = f"{result.cves_stopped} of {result.cves}"
        counts = [str(result.syscalls), str(len(result.capabilities)), known]
    return [result.name, result.status, str(result.runs), *counts, f"{result.seconds:.0f}"]


class _Lines:
    """Progress, a line for each step of an image; called from several threads."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total = console, total
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self._ended = 0

    def say(self, name: str, text: str) -> None:
        """What a campaign says of itself."""
        with self._lock:
            self._console.say(f"{time.monotonic() - self._since:6.1f}s {name}: {text}")

    def began(self, name: str) -> None:
        """A worker has it."""
        self.say(name, "begins")

    def again(self, name: str, why: str) -> None:
        """Another worker gets it."""
        self.say(name, f"its worker died ({why}); another one gets it")

    def kept(self, result: Result) -> None:
        """An earlier command has done it."""
        self._count(result, "kept, ")

    def ended(self, result: Result) -> None:
        """It has its verdict, or a reason why not."""
        self._count(result, "")

    def _count(self, result: Result, how: str) -> None:
        self._ended += 1
        why = f" ({result.reason})" if result.reason else ""
        self.say(result.name, f"{how}{result.status}{why}, image {self._ended}/{self._total}")
