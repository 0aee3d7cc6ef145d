"""beacon report: the page of a profile and its policy, or those of a fleet."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beacon.cli.arguments import check_output, check_output_file, directory
from beacon.cli.console import Console
from beacon.cli.documents import Reported
from beacon.cli.explain import DIRECTORY
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.report_fleet import report_fleet
from beacon.cli.reported import line, reported
from beacon.cli.subjects import joined, read_subject
from beacon.data.runtimes import all_tables
from beacon.errors import ExitCode, UsageError
from beacon.fleet.summary_file import is_fleet
from beacon.model.files import write_files, writing
from beacon.page.index import INDEX_FILE, file_names, pages
from beacon.page.model import page_model
from beacon.page.page import page

_SUFFIX = ".html"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "report",
        "Write a page that shows a profile, its policy and what was proven.",
        "Write one HTML file that needs no network. It shows what was exercised and the gaps, the "
        "policy with its reasons, the CVEs that it stops and leaves open, how the events grew from "
        "environment to environment, and the certificate. With a profile, its sliders for security "
        "and functionality show what `beacon policy` comes to at each position "
        "(docs/guides/report.md).\n\n"
        "A policy and the profile that it was derived from share a page. The directory of a fleet "
        "(`beacon fleet -o DIR`) makes a folder: an index.html with a row for each image, whether "
        "it is verified or why not, and a page for each that was profiled.\n\n"
        "A page shows what containers wrote where they failed, so only you may read the file.\n\n"
        "Exits 1 if documents of an image of a fleet cannot be read; its row says why.",
        ["-o FILE.html DIR…", "-o FOLDER DIR…"],
        [
            "web.profile -o web.html",
            "web.profile web.policy -o web.html",
            "*.profile *.policy -o pages",
            "policies -o pages",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "directories",
        metavar="DIR",
        type=Path,
        nargs="+",
        help=f"{DIRECTORY} May be repeated. Or the one that `beacon fleet` wrote, alone.",
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE.html|FOLDER",
        type=directory,
        required=True,
        help="Write one page to this file, whose name ends with .html, or each page to this folder "
        "with an index.html that links to them. Required.",
    )
    add_general_options(parser, "the names of the files and the figures of each page")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Read, derive, write."""
    output: Path = options.output
    single = output.suffix.lower() == _SUFFIX
    place = output.parent if single else output
    (check_output_file if single else check_output)(output)
    if fleet := _fleet(options.directories):
        if single:
            raise UsageError(
                f"{fleet} is a fleet's directory, and {output} is one file: give a folder with -o."
            )
        return report_fleet(fleet, output, console, as_json=options.json)
    subjects = joined([read_subject(each) for each in options.directories])
    if single and len(subjects) > 1:
        raise UsageError(
            f"These are {len(subjects)} pages, and {output} is one file: give a folder with -o."
        )
    tables = all_tables()
    models = [page_model(each, tables) for each in subjects]
    if single:
        names, files = [output.name], {output.name: page(models[0])}
    else:
        names, files = file_names(each.subject.name for each in models), pages(models)
    with writing(place):
        write_files(place, files)
    found = [reported(*each) for each in zip(names, models, strict=True)]
    if options.json:
        console.document("report", Reported(pages=tuple(found)))
    else:
        for each, model in zip(found, models, strict=True):
            console.result(line(each, model.subject))
    console.say(f"Wrote {output if single else output / INDEX_FILE}")
    return ExitCode.DONE


def _fleet(directories: Sequence[Path]) -> Path | None:
    """The fleet's directory, if there is one; UsageError where it is not alone."""
    found = next(filter(is_fleet, directories), None)
    if found is not None and len(directories) > 1:
        raise UsageError(
            f"{found} is a fleet's directory, which has pages of its own: name it alone."
        )
    return found
