"""beacon explain: why an event is, or is not, in a policy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beacon.cli.console import Console
from beacon.cli.documents import Explanations, UnseenCalls
from beacon.cli.edited import edits_of, warn
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.unseen import by_risk, unseen_lines
from beacon.data.arguments import is_whole
from beacon.data.cves import cves
from beacon.data.runtimes import all_tables
from beacon.errors import ExitCode, UsageError
from beacon.model.deviation import Deviation
from beacon.model.entry import Basis
from beacon.model.event import Syscall
from beacon.model.policy import Policy
from beacon.model.score import Score
from beacon.synthesis.explain import Explanation, explain
from beacon.synthesis.intents import event
from beacon.synthesis.load import policy_of

#: What a command says of an argument that is one.
DIRECTORY = "A directory that `beacon policy` or `beacon profile` wrote."

_SHOWN = 5


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "explain",
        "Show why an event is, or is not, in a policy.",
        "Show the decision on an event and its reason, both scores, who used it, when and in which "
        "runs, the CVEs that it opens, and what a denial returns. A profile is explained as its "
        "policy under the preset availability.",
        ["[--json] DIR EVENT", "--unseen [--json] DIR"],
        [
            "web.policy ptrace",
            "web.policy 'socket(AF_UNIX,SOCK_STREAM,0x0)'",
            "web.policy CAP_CHOWN",
            "web.policy --unseen",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument("directory", metavar="DIR", type=Path, help=DIRECTORY)
    group.add_argument(
        "event",
        metavar="EVENT",
        nargs="?",
        help="A system call (ptrace), one of its argument classes (clone(CLONE_NEWUSER)), or a "
        "capability (CAP_CHOWN).",
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--unseen",
        action="store_true",
        help="Instead of one event, list all that the image's programs can call, no run showed and "
        "the policy denies. The riskiest come first, each with the program and with what allowing "
        "it would open.",
    )
    add_general_options(parser, "the explanation")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Find, tell."""
    if options.unseen == (options.event is not None):
        raise UsageError("One thing at a time: name an event, or give --unseen.")
    policy = policy_of(options.directory)
    files = edits_of(policy, options.directory)
    if options.unseen:
        return _tell_unseen(policy, files, options, console)
    found = explain(policy, event(options.event), cves(), all_tables())
    if options.json:
        console.document("explanation", Explanations(events=tuple(found), files=files))
        return warn(console, files)
    for number, explanation in enumerate(found):
        if number:
            console.result()
        for line in _lines(explanation):
            console.result(line)
    return warn(console, files)


def _tell_unseen(
    policy: Policy, files: tuple[Deviation, ...], options: argparse.Namespace, console: Console
) -> ExitCode:
    if options.json:
        unseen = tuple(by_risk(policy))
        console.document("unseen", UnseenCalls(reach=policy.reach, unseen=unseen, files=files))
    else:
        for line in unseen_lines(policy):
            console.result(line)
    return warn(console, files)


def _lines(found: Explanation) -> Iterator[str]:
    yield from _origin(found)
    if found.allowed and isinstance(found.event, Syscall) and is_whole(found.event):
        yield "  arguments      not distinguished: too many different ones, another ABI, or a pin"
    yield from _score("security", found.security)
    yield from _score("functionality", found.functionality)
    yield from _used(found)
    if found.calls:
        yield f"  needed in      {', '.join(found.calls)}"
    for held in found.held:
        yield f"  not asked for  {held}"
    yield f"  opens          {_some(_opened(found)) or 'no known CVE by itself'}"
    yield f"  denial returns {found.denied_with}"


def _origin(found: Explanation) -> Iterator[str]:
    """The verdict, and where the event comes from."""
    verdict = "allowed" if found.allowed else "denied"
    yield f"{found.event}: {verdict} ({found.because})"
    if found.healed:
        yield f"  added          by verify --heal, {found.healed}"
    if found.source:
        where = "within reach" if found.basis is Basis.REACH else "inferred"
        yield f"  {where:<14} {found.source}"
    if found.runtimes:
        yield f"  runtimes       {', '.join(found.runtimes)}: made before the entry point"


def _used(found: Explanation) -> Iterator[str]:
    evidence = found.evidence
    if found.count:
        yield f"  used           {found.count} times in {len(evidence.runs)} runs"
        yield f"  phases         {', '.join(evidence.phases)}"
        yield f"  processes      {', '.join(evidence.processes)}"
        yield f"  first runs     {_some(evidence.runs)}"
    for origin in found.origins:
        yield f"  recorded with  {origin.sentence()}"


def _score(name: str, score: Score) -> Iterator[str]:
    yield f"  {name:<14} {score.value:.2f}"
    for reason in score.reasons[:_SHOWN]:
        weight = f"{reason.weight:.2f} " if reason.weight else ""
        yield f"                 {weight}{reason.text}"
    if len(score.reasons) > _SHOWN:
        yield f"                 and {len(score.reasons) - _SHOWN} more (--json shows all)"


def _opened(found: Explanation) -> tuple[str, ...]:
    """The CVEs that it opens; where the judgement may be wrong, how sure it is."""
    sure = {cve.id: cve.provenance.sure for cve in cves()}
    return tuple(
        name if sure[name] == "high" else f"{name} (sure: {sure[name]})" for name in found.opened
    )


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
