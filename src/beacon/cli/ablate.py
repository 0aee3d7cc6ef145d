"""beacon ablate: what breaks without each entry of a profile's policy."""

from __future__ import annotations

import argparse
import shlex
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from beacon.campaign.ablating import EVERYWHERE, ablate
from beacon.campaign.ablation_journal import Removal
from beacon.campaign.ablation_runs import Question
from beacon.campaign.request import AblateRequest
from beacon.campaign.starts import STARTS
from beacon.cli.arguments import number_of_starts, positive
from beacon.cli.around import Around, around_of, for_containers
from beacon.cli.consent_options import add_consent_options
from beacon.cli.console import Console, counted
from beacon.cli.engine_options import add_engine_options
from beacon.cli.explore_options import add_jobs_option, duration
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.pod_options import add_pod_options
from beacon.cli.progress import Progress
from beacon.errors import ExitCode
from beacon.model.ablation import AblatedEntry, Ablation, BreakageKind, Necessity
from beacon.model.event import Syscall
from beacon.model.files import (
    ABLATION_FILE,
    PROFILE_FILE,
    encode,
    load_profile,
    write_files,
    writing,
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "ablate",
        "Find out what breaks without each entry of a profile's policy.",
        "Run the image under the policy that allows what its profile saw, without some of the "
        "entries: one by one where most are needed, in groups where few are. What can go together "
        "is unneeded; each entry that is needed was removed alone, which proves what breaks. At "
        "last run all that stays as a whole. Writes PROFILE_DIR/ablation.json, which `beacon "
        "policy` takes into account and `--minimal` makes it follow (docs/guides/tighten.md).",
        "[OPTIONS] PROFILE_DIR",
        [
            "web.profile",
            "--time-budget 10m web.profile",
            "--environment init=yes web.profile",
            "--pod deployment.yaml web.profile",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "profile", metavar="PROFILE_DIR", type=Path, help="A directory that `beacon profile` wrote."
    )
    _add_extent(parser)
    add_consent_options(parser, "PROFILE_DIR")
    add_pod_options(parser, "the one that was profiled")
    add_engine_options(parser)
    add_general_options(parser, "the ablation")
    parser.set_defaults(run=run)


def _add_extent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much to run")
    group.add_argument(
        "--environment",
        metavar="NAME",
        action="append",
        default=[],
        help="Also check all that stays in the recorded environments of this setting "
        f"(init=yes), of this dimension (init), or in all ('{EVERYWHERE}'). May be repeated. "
        "Default: only the default environment; what others use, too, then stays in the policy.",
    )
    group.add_argument(
        "--max-runs",
        metavar="N",
        type=positive(int),
        help="Make at most N runs, but for --starts. Default: no limit.",
    )
    group.add_argument(
        "--time-budget",
        metavar="TIME",
        type=duration,
        help="Begin nothing but the check as a whole after this time: 90s, 10m, 1h. What was not "
        "tested stays in the policy. Default: no limit.",
    )
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=STARTS,
        help="At last, start the container N times without all that is unneeded, because some "
        f"calls come by chance; 0 for none. Default: {STARTS}.",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="Continue an interrupted ablation, after the answers in ablation.jsonl. Default: "
        "begin anew.",
    )
    group.add_argument(
        "--workload",
        metavar="SCRIPT",
        action="append",
        default=[],
        help="Consent to this executable of yours, which drove the container in the recorded runs. "
        "May be repeated. Default: only what is sealed.",
    )
    add_jobs_option(group, "containers")


class AblationProgress(Progress):
    """Tells of each removal that was tried."""

    def __init__(self, console: Console, jobs: int) -> None:
        super().__init__(console, jobs)
        self._telling = threading.Lock()

    def tried(self, question: Question, removal: Removal) -> None:
        """A removal was tried."""
        with self._telling:
            self.say(f"{self._clock()} {question.label}: {_outcome(removal)}")


def _outcome(removal: Removal) -> str:
    if not removal.breaks:
        return "nothing breaks"
    more = f" and {len(removal.breaks) - 1} more" if len(removal.breaks) > 1 else ""
    return f"{removal.breaks[0].words()}{more}"


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Ablate, write, tell; for all containers of a Pod where the directory has one for each."""
    return for_containers(options, console, "profile", PROFILE_FILE, _run)


def _run(options: argparse.Namespace, console: Console) -> ExitCode:
    launch = load_profile(options.profile).launch  # before a directory that has none is locked
    with writing(options.profile, make=False):
        ablation = _ablated(options, around_of(options, launch), console)
        write_files(options.profile, {ABLATION_FILE: encode(ablation)})
    if options.json:
        console.document("ablation", ablation)
    else:
        _tell(console, ablation)
    path = options.profile / ABLATION_FILE
    next_ = f"beacon policy {shlex.quote(str(options.profile))} --minimal -o POLICY_DIR"
    console.say(f"Wrote {path}; next: {next_}")
    return ExitCode.DONE


def _ablated(options: argparse.Namespace, around: Around, console: Console) -> Ablation:
    request = AblateRequest(
        profile=options.profile,
        environments=tuple(options.environment),
        max_runs=options.max_runs,
        time_budget=options.time_budget,
        starts=options.starts,
        jobs=options.jobs,
        resume=options.resume,
        consent=around.consent,
        granted=around.granted,
        stack=around.stack,
        pod=around.pod,
        engine=around.engine,
    )
    with AblationProgress(console, options.jobs) as progress:
        return ablate(request, progress)


def _tell(console: Console, ablation: Ablation) -> None:
    rows = [
        [str(each.event), str(each.necessity), each.sentence()]
        for necessity in (Necessity.NEEDED, Necessity.UNNEEDED)
        for each in ablation.of(necessity)
    ]
    console.table(None, ["event", "ablation", "why"], rows)
    for line in _summary(ablation):
        console.result(line)


def _summary(ablation: Ablation) -> Iterator[str]:
    needed = ablation.of(Necessity.NEEDED)
    kinds = Counter(each.breaks[0].kind for each in needed if each.breaks)
    said = ", ".join(f"{kinds[kind]} for {_FOR[kind]}" for kind in BreakageKind if kinds[kind])
    yield f"needed        {_counts(needed)}{f': {said}' if said else ''}"
    unneeded = ablation.of(Necessity.UNNEEDED)
    denied = sum(each.denied for each in unneeded)
    yield f"unneeded      {_counts(unneeded)}: {denied} denied without consequence"
    reasons = Counter(each.sentence() for each in ablation.of(Necessity.UNTESTED))
    for reason, count in reasons.most_common():
        yield f"untested      {count} {reason}"
    yield f"runs          {ablation.runs} in {counted(len(ablation.environments), 'environment')}"
    starts = ablation.starts
    if starts is not None:
        yield f"starts        {starts.count - starts.failed} of {starts.count}"
    if not ablation.complete:
        yield "incomplete    the budget ended it: --resume goes on"


_FOR = {
    BreakageKind.READINESS: "readiness",
    BreakageKind.CHECK: "checks",
    BreakageKind.ENDING: "the ending",
    BreakageKind.PRIVILEGES: "what gives up privileges",
    BreakageKind.DENIAL: "what is tried in their place",
}


def _counts(entries: Sequence[AblatedEntry]) -> str:
    calls = sum(isinstance(each.event, Syscall) for each in entries)
    capabilities = len(entries) - calls
    kinds = "capability" if capabilities == 1 else "capabilities"
    return f"{counted(calls, 'call')}, {capabilities} {kinds}"
