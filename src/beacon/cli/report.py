"""beacon report: the page of a profile and its policy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from beacon.campaign.enforced import read_enforced
from beacon.cli.arguments import check_output, check_output_file, directory
from beacon.cli.console import Console, counted
from beacon.cli.documents import Figures, Reported, ReportedPage
from beacon.cli.edited import edits_of
from beacon.cli.explain import DIRECTORY
from beacon.cli.parser import add_command, add_general_options
from beacon.data.runtimes import all_tables
from beacon.errors import ExitCode, UsageError
from beacon.model.files import (
    POLICY_FILE,
    PROFILE_FILE,
    VERIFICATION_FILE,
    load_ablation,
    load_profile,
    load_verification,
    write_files,
    writing,
)
from beacon.model.verification import Verification
from beacon.page.index import INDEX_FILE, file_names, pages
from beacon.page.model import PageModel, page_model
from beacon.page.page import page
from beacon.page.proof import verdict
from beacon.page.subject import Subject
from beacon.synthesis.load import has, nothing_in, written_policy

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
        "A policy and the profile that it was derived from share a page. A page shows what "
        "containers wrote where they failed, so only you may read the file.",
        ["-o FILE.html DIR…", "-o FOLDER DIR…"],
        [
            "web.profile -o web.html",
            "web.profile web.policy -o web.html",
            "*.profile *.policy -o pages",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "directories", metavar="DIR", type=Path, nargs="+", help=f"{DIRECTORY} May be repeated."
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
    subjects = joined([_read(each) for each in options.directories])
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
    reported = [_reported(*each) for each in zip(names, models, strict=True)]
    if options.json:
        console.document("report", Reported(pages=tuple(reported)))
    else:
        for each, model in zip(reported, models, strict=True):
            console.result(_line(each, model.subject))
    console.say(f"Wrote {output if single else output / INDEX_FILE}")
    return ExitCode.DONE


def joined(found: Sequence[Subject]) -> list[Subject]:
    """The subjects, each policy with the profile of the same image and options, if there is one."""
    made: list[Subject] = []
    used: list[Subject] = []
    for each in found:
        other = next((other for other in found if _belong(each, other)), None)
        if other is None:
            made.append(each)
        else:
            used.append(other)
            made.append(_with_profile(each, other))
    return [each for each in made if not any(each is other for other in used)]


def _belong(one: Subject, other: Subject) -> bool:
    """Whether the one is a policy alone, and the other a profile alone that it may be from."""
    alone = one.profile is None and other.policy is None
    return alone and one.image.id == other.image.id and one.launch == other.launch


def _with_profile(policy: Subject, other: Subject) -> Subject:
    return replace(
        policy,
        profile_name=other.profile_name,
        profile=other.profile,
        ablation=other.ablation,
    )


def _read(place: Path) -> Subject:
    """Whatever lies in a directory."""
    # Unlike Path.resolve it takes links that lead in a circle.
    name = Path(os.path.realpath(place)).name or str(place)
    subject = Subject(name)
    if has(place, PROFILE_FILE):
        profile = load_profile(place)
        ablation = load_ablation(place, profile)
        subject = replace(subject, profile_name=name, profile=profile, ablation=ablation)
    if has(place, POLICY_FILE):
        policy = written_policy(place)
        verified = load_verification(place) if has(place, VERIFICATION_FILE) else None
        files = edits_of(policy, place)
        subject = replace(
            subject,
            policy=policy,
            verification=verified,
            outdated=verified is not None and _is_outdated(verified, place),
            files=files,
        )
    if subject.profile is None and subject.policy is None:
        raise nothing_in(place)
    return subject


def _is_outdated(verification: Verification, place: Path) -> bool:
    """Whether what was proven are not the files that are enforced from there now."""
    if verification.certificate is None:  # nothing was run, or an older BeaCon verified
        return False
    try:
        return read_enforced(place).digest != verification.certificate.policy
    except UsageError:
        return True


def _reported(name: str, model: PageModel) -> ReportedPage:
    subject = model.subject
    verified = None if subject.outdated else subject.verification
    counts = model.states.counts(model.shown) if model.policies else None
    return ReportedPage(
        file=name,
        image=subject.image,
        figures=None if counts is None else Figures(**counts._asdict()),
        verdict=None if verified is None else verified.verdict,
        positions=0 if model.selection is None else model.selection.positions,
    )


def _line(found: ReportedPage, subject: Subject) -> str:
    if found.figures is None:
        return f"{found.file}: {found.image.reference}, no policy: no run became ready"
    figures = found.figures
    return (
        f"{found.file}: {found.image.reference}, {counted(figures.calls, 'system call')}, "
        f"{figures.stopped} of {figures.stopped + figures.open} known CVEs stopped, "
        f"{verdict(subject)}; {counted(found.positions, 'position')}"
    )
