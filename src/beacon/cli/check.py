"""beacon check: the gate for an update of an image."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from beacon.campaign.checking import check, examine
from beacon.campaign.request import VerifyRequest
from beacon.cli.arguments import check_output_file, number_of_starts
from beacon.cli.around import around_of, directory_of_one
from beacon.cli.consent_options import add_consent_options
from beacon.cli.console import Console, document_text
from beacon.cli.engine_options import add_engine_options
from beacon.cli.explore_options import add_jobs_option
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.pod_options import add_pod_options
from beacon.cli.progress import Progress
from beacon.cli.verify import EXIT_CODES, add_workload_option
from beacon.errors import ExitCode, UsageError
from beacon.model.files import POLICY_FILE, load_policy, write_files, writing
from beacon.model.image_check import ImageCheck
from beacon.model.verification import Verdict
from beacon.report.all import FORMATS

_STARTS = 5
_JSON = "json"


def _as_json(found: ImageCheck) -> str:
    judgement = {"passed": found.verdict is Verdict.VERIFIED, "verdict": found.verdict}
    return document_text("check", {**judgement, **msgspec.to_builtins(found)})


_RENDERERS: Mapping[str, Callable[[ImageCheck], str]] = {
    _JSON: _as_json,
    **{name: each.render for name, each in FORMATS.items()},
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "check",
        "Check an update of an image against its policy, and list all that it needs beyond it.",
        "Run IMAGE without the policy and list all that the policy would deny, weighed by risk, "
        "with the process and the run that ask for it; then run it under the policy, and compare. "
        "Its answers are compared with its own without the policy, so an update may answer "
        "otherwise. Changes no file of the policy (docs/guides/ci.md).\n\n"
        "Exits 0 if the policy holds, 10 if the image needs more or works differently under the "
        "policy, 11 if it fails without the policy as well.",
        "[OPTIONS] --policy DIR IMAGE",
        [
            "--policy web.policy web:2",
            "--policy web.policy --pod deployment.yaml web:2",
            "--policy web.policy --format sarif=beacon.sarif --format markdown=comment.md web:2",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument("image", metavar="IMAGE", help="The image to check, by name or digest.")
    group.add_argument(
        "--policy",
        metavar="DIR",
        type=Path,
        required=True,
        help="A directory that `beacon policy` wrote. Required.",
    )
    group.add_argument(
        "--format",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help="Write the result in this format to FILE, or to standard output, where one fits. May "
        "be repeated. Values: text, json (as --json), sarif (2.1.0, for code scanning), junit (for "
        "CI servers), markdown (for a pull request's comment). Default: text on standard output.",
    )
    _add_extent(parser)
    add_consent_options(parser)
    add_pod_options(parser, "the one that was profiled; it is started from IMAGE")
    add_engine_options(parser)
    add_general_options(parser, "the check")
    parser.set_defaults(run=run)


def _add_extent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much to run")
    group.add_argument(
        "--all-environments",
        action="store_true",
        help="Repeat the runs in all recorded environments. Default: only those in the default "
        "one.",
    )
    add_workload_option(group)
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=_STARTS,
        help="Start the container N more times without a workload, with and without the policy, "
        f"because some calls come by chance; 0 for none. Default: {_STARTS}.",
    )
    add_jobs_option(group, "containers")


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Check, write, tell."""
    shown, files = _outputs(options)
    policy = directory_of_one(options, options.policy, POLICY_FILE)
    around = around_of(options, load_policy(policy).launch)
    request = VerifyRequest(
        policy=policy,
        quick=not options.all_environments,
        starts=options.starts,
        jobs=options.jobs,
        consent=around.consent,
        granted=around.granted,
        image=options.image,
        workloads=tuple(options.workload),
        stack=around.stack,
        pod=around.pod,
        engine=around.engine,
    )
    with writing(policy, make=False):
        with Progress(console, options.jobs) as progress:
            examined = examine(request, progress)
        with Progress(console, options.jobs) as progress:
            found = check(request, examined, progress)
    for file, name in files.items():
        write_files(file.parent, {file.name: _RENDERERS[name](found).encode()})
        console.say(f"Wrote {file}")
    console.text(_RENDERERS[shown](found))
    return EXIT_CODES[found.verdict]


def _outputs(options: argparse.Namespace) -> tuple[str, dict[Path, str]]:
    """The format for standard output, and those for files; UsageError before anything runs."""
    wanted = [_format(each) for each in (*options.format, *([_JSON] if options.json else []))]
    shown = dict.fromkeys(name for name, file in wanted if file is None)
    files = {file: name for name, file in wanted if file is not None}
    if len(shown) > 1:
        raise UsageError(
            f"Only one format fits on standard output, not {' and '.join(shown)}: give the others "
            "a file (--format sarif=beacon.sarif)."
        )
    if len(files) < sum(file is not None for _, file in wanted):
        raise UsageError("Two formats have the same file: give each its own.")
    for file in files:
        check_output_file(file)
    return next(iter(shown), "text"), files


def _format(text: str) -> tuple[str, Path | None]:
    """A format, and the file that it is for."""
    name, equals, file = text.partition("=")
    if name not in _RENDERERS or (equals and not file):
        raise UsageError(
            f"--format '{text}' is not FORMAT or FORMAT=FILE: name one of {', '.join(_RENDERERS)}."
        )
    return name, Path(file) if file else None
