"""What BeaCon costs on this machine: `script/bench`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

import enforcement
import monitoring
import servers
from tools import BenchError, say

from beacon.errors import BeaconError, ExitCode

BENCHMARKS = {"monitor": monitoring, "enforcement": enforcement, "servers": servers}


def main(arguments: list[str]) -> int:
    """Measure, print, judge; the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        text, met = _run(options)
    except BeaconError as error:
        say(f"error: {error}")
        if details := error.diagnostics():
            sys.stderr.write(f"{details}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    sys.stdout.write(text)
    return ExitCode.DONE if met else ExitCode.DIFFERENCE


def _run(options: argparse.Namespace) -> tuple[str, bool]:
    try:
        found: tuple[str, bool] = BENCHMARKS[options.benchmark].run(options)
    except subprocess.TimeoutExpired as late:
        raise BenchError(f"{late.cmd[0]} did not end within {late.timeout:.0f} s.") from None
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    commands = parser.add_subparsers(dest="benchmark", required=True)
    for name, benchmark in BENCHMARKS.items():
        command = commands.add_parser(name, description=benchmark.__doc__)
        command.add_argument("--json", action="store_true", help="a document instead of the table")
        benchmark.add(command)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
