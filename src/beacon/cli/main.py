"""Parses, calls a command, turns its error into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from beacon import __version__
from beacon.campaign.interrupts import Interrupted, catch_signals
from beacon.cli import (
    ablate,
    check,
    clean,
    cves,
    diff,
    dimensions,
    doctor,
    explain,
    fleet,
    merge,
    policy,
    profile,
    reach,
    record,
    report,
    run,
    runtimes,
    services,
    verify,
    watch,
)
from beacon.cli.completion import add_completion_option
from beacon.cli.console import Console
from beacon.cli.parser import HelpFormatter, Parser, add_help_option
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.text import escape_untrusted

COMMANDS = (
    doctor,
    dimensions,
    profile,
    record,
    fleet,
    merge,
    policy,
    verify,
    check,
    run,
    watch,
    ablate,
    explain,
    cves,
    report,
    diff,
    reach,
    runtimes,
    services,
    clean,
)

EPILOG = """\
a policy in three steps:
  beacon profile -o web.profile web:1
  beacon policy web.profile -o web.policy
  beacon verify web.policy
and then:
  beacon run web.policy -d web:1

exit codes:
  0    done
  1    an error, or a profile that is not complete
  2    bad usage or input
  3    nothing observed
  4    unsupported host: see `beacon doctor`
  10   verification failed, something denied, or a difference found
  11   verification failed, but not through the policy's fault
  129, 130, 143   interrupted

environment variables:
  DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH   the Docker engine (default: the local socket)
  XDG_STATE_HOME    holds beacon/, the key that seals your files (default: ~/.local/state)
  XDG_CACHE_HOME    holds beacon/reach/, what images' programs can call (default: ~/.cache)
  XDG_DATA_HOME     holds beacon/, newer CVE scores (default: ~/.local/share)
  XDG_CONFIG_HOME   holds beacon/runtimes.toml, measured runtimes (default: ~/.config)
  NO_COLOR          without colour, if it is set
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    _replace_closed_streams()
    console = Console()
    try:
        return _run(arguments, console)
    except BeaconError as error:
        console.error(str(error), error.diagnostics())
        return error.exit_code
    except Interrupted as interrupt:
        console.error("Interrupted; everything that was running has been removed.")
        return interrupt.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to say.
        return ExitCode.ERROR
    except OSError as error:
        console.error(
            f"The operating system reported an error ({escape_untrusted(str(error))}): "
            "fix it and try again."
        )
        return ExitCode.ERROR
    except Exception as error:
        console.error(
            "This is a bug in BeaCon, please report it with the lines below.",
            "".join(traceback.format_exception(error)),
        )
        return ExitCode.ERROR
    finally:
        _flush_or_drop()


def _run(arguments: Sequence[str], console: Console) -> int:
    for argument in arguments:
        if not _is_text(argument):
            raise UsageError(
                f"The argument '{escape_untrusted(os.fsencode(argument))}' is not UTF-8 text."
            )
    options = build_parser().parse_args(arguments)
    catch_signals()
    return int(options.run(options, console))


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="beacon",
        description="Watch a container image from the kernel, write the least-privilege seccomp "
        "and capability policy that it needs, and prove that it still works under this policy.",
        usage="beacon [--version] COMMAND [OPTIONS]\n       beacon COMMAND --help",
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        add_help=False,
    )
    group = parser.add_argument_group("general options")
    group.add_argument(
        "--version",
        action="version",
        version=f"beacon {__version__}",
        help="Show BeaCon's version and exit.",
    )
    add_completion_option(group)
    add_help_option(group)
    commands = parser.add_subparsers(
        prog="beacon", title="commands", metavar="COMMAND", required=True
    )
    for command in COMMANDS:
        command.add(commands)
    return parser


def _is_text(argument: str) -> bool:
    # Bytes that are no UTF-8 arrive as lone surrogates, which no document can hold.
    return not any("\ud800" <= character <= "\udfff" for character in argument)


def _replace_closed_streams() -> None:
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115


def _flush_or_drop() -> None:
    """Flush stdout; drop what cannot be written, or the interpreter would complain at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
