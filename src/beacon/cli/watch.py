"""beacon watch: what a running container is denied, as it happens."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from beacon.campaign.watching import WatchRequest, watch
from beacon.cli.arguments import check_output, directory, seconds
from beacon.cli.console import Console, counted
from beacon.cli.engine_options import add_engine_options, engine_choice
from beacon.cli.parser import add_command, add_help_option
from beacon.errors import ExitCode, UsageError
from beacon.model.denial import Denial, DenialKind, Standing, Watched
from beacon.model.files import PROFILE_FILE, write_profile, writing
from beacon.model.profile import Profile

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STANDINGS = {
    Standing.NO_POLICY: "",
    Standing.INTENDED: ", as you asked",
    Standing.RECORDED: ", as it was when it was recorded",
    Standing.ALLOWED: ", though the policy allows it: the container runs under something else",
    Standing.BEYOND: ", beyond the policy's intent",
}
_KINDS = {
    DenialKind.DENIED: "denied",
    DenialKind.KILLED: "denied, and the caller killed",
    DenialKind.TRAPPED: "denied, and the caller sent SIGSYS",
    DenialKind.WOULD_BE: "would be denied",
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "watch",
        "Show what a running container is denied, as it happens.",
        "Join a container that runs, whoever started it, and print each system call and each "
        "capability that it is denied, once, with its processes and the change that would allow "
        "it (docs/guides/production.md). The container may be started again meanwhile; one that "
        "does not run is waited for. Ends with the container, or when interrupted, and then prints "
        "how often each was denied.\n\n"
        "Exits 10 if anything was denied that the policy's intent does not ask for; without "
        "--policy, if anything was denied at all.",
        "[OPTIONS] CONTAINER",
        [
            "web",
            "--policy web.policy web",
            "--policy web.policy --for 3600 --json web",
            "--record -o web.watched web",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "container", metavar="CONTAINER", help="A container of the engine, by name or id."
    )
    _add_options(parser)
    add_engine_options(parser, runtime=False)
    group = parser.add_argument_group("general options")
    group.add_argument(
        "--json",
        action="store_true",
        help="Write one JSON document a line to standard output: one for each denial as it "
        "happens, the summary last; `schema` names the kind of each. Everything else goes to "
        "standard error.",
    )
    add_help_option(group)
    parser.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options")
    group.add_argument(
        "--policy",
        metavar="DIR",
        type=Path,
        help="Judge by this policy, which `beacon policy` wrote: which denials does its intent "
        "ask for? Also print what it would deny, if the container runs under something wider, as "
        "the policy's logging copy. Default: print what is denied.",
    )
    group.add_argument(
        "--for",
        dest="seconds",
        metavar="SECONDS",
        type=seconds,
        help="Stop after this time. Default: at the container's end.",
    )
    group.add_argument(
        "--record",
        action="store_true",
        help="Also write all that was seen to DIR/profile.json. Unless the container is started "
        "again meanwhile, the profile is not complete: its start was not seen. Default: write "
        "nothing.",
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        help="The directory for --record; it is made if it is not there.",
    )


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Watch, tell of each denial, then of all."""
    if options.record != (options.output is not None):
        raise UsageError("--record and -o go together: give both, or neither.")
    request = WatchRequest(
        options.container,
        options.policy,
        options.seconds,
        options.record,
        engine_choice(options),
    )
    if options.output is not None:
        check_output(options.output)
    teller = _Teller(console, plain=options.json)
    with writing(options.output) if options.record else nullcontext(), _until_signal() as stopped:
        found, profile = watch(request, teller, stopped)
        if profile is not None:
            write_profile(options.output, profile)
    if options.json:
        console.document_line("watched", found)
    else:
        _tell(console, found)
    if profile is not None:
        _tell_recorded(console, profile, options.output)
    return ExitCode.DIFFERENCE if found.unexpected else ExitCode.DONE


class _Teller:
    """Tells of what is denied as it happens."""

    def __init__(self, console: Console, *, plain: bool) -> None:
        self._console, self._plain = console, plain

    def say(self, text: str) -> None:
        """A sentence for the user."""
        self._console.say(text)

    def denied(self, denial: Denial) -> None:
        """One denial, the first of its kind."""
        if self._plain:
            self._console.document_line("denial", denial)
            return
        when = time.strftime("%H:%M:%S", time.localtime(denial.first_seen))
        self._console.result(f"{when} {_said(denial)}{_STANDINGS[denial.standing]}")
        if denial.change:
            self._console.result(f"         to allow it: {denial.change}")


def _said(denial: Denial) -> str:
    who = ", ".join(denial.processes) or "no process by name"
    return f"{_KINDS[denial.kind]}: {denial.event}, {counted(denial.count, 'time')}, by {who}"


def _tell(console: Console, found: Watched) -> None:
    again = f" and {counted(found.restarts, 'restart')}" if found.restarts else ""
    console.result(f"watched {found.container} ({found.image}) for {found.seconds:.0f} s{again}")
    for denial in sorted(found.denials, key=lambda each: -each.count):
        console.result(f"  {_said(denial)}{_STANDINGS[denial.standing]}")
    for loss in found.losses:
        console.result(f"  lost: {loss.count} {loss.what}")
    if found.unnumbered:
        console.result(f"  calls with numbers that no kernel has: {found.unnumbered}")
    console.result(_closing(found))


def _closing(found: Watched) -> str:
    if not found.denials:
        return "Nothing was denied."
    beyond = len(found.unexpected)
    if not beyond:
        return "Nothing was denied but what the policy's intent asks for."
    return f"Denied beyond what a policy asks for: {counted(beyond, 'event')}."


def _tell_recorded(console: Console, profile: Profile, output: Path) -> None:
    for gap in profile.gaps():
        console.say(f"This profile is not complete: {gap}.")
    console.say(f"Wrote {output / PROFILE_FILE}")


@contextmanager
def _until_signal() -> Iterator[Callable[[], bool]]:
    """Whether somebody interrupted; the first interrupt ends the watch, a second the command."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        for each in _SIGNALS:
            signal.signal(each, before[each])

    for number in _SIGNALS:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield lambda: bool(came)
    finally:
        for number in _SIGNALS:
            signal.signal(number, before[number])
