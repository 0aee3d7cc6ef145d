"""The entry point: parse, call a command, turn its error into an exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from beacon import __version__
from beacon.cli import clean, doctor, policy, profile, verify
from beacon.cli.console import Console
from beacon.errors import BeaconError, ExitCode

COMMANDS = (doctor, profile, policy, verify, clean)

EPILOG = """\
exit codes: 0 done; 1 an error; 2 bad usage or input; 3 nothing observed; 4 unsupported host;
10 verification failed or a difference found; 130 interrupted.

A policy in three steps:
  beacon profile -o nginx.profile nginx
  beacon policy nginx.profile -o nginx.policy
  beacon verify nginx.policy
then: docker run $(cat nginx.policy/docker.args) nginx
"""


class Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP; no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def entry() -> None:
    """The `beacon` command."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    console = Console()
    try:
        options = build_parser().parse_args(arguments)
        _catch_signals()
        return int(options.run(options, console))
    except BeaconError as error:
        console.error(str(error), error.diagnostics())
        return error.exit_code
    except Interrupted as interrupt:
        console.error("Interrupted; everything that was running has been removed.")
        return interrupt.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to say, nor to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="beacon",
        description="Watch a container image from the kernel, write the least-privilege seccomp "
        "and capability policy it needs, and prove that it still works under it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"beacon {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


def _catch_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # The clean-up that follows must not be cut short by an impatient second one.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)
