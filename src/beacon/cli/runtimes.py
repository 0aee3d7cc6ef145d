"""beacon runtimes: what container runtimes do themselves before the entry point."""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from beacon.campaign.open_context import open_monitor
from beacon.campaign.runtime_measuring import Measured, measure
from beacon.cli.arguments import check_output_file, number_of_starts
from beacon.cli.console import Console
from beacon.cli.documents import Runtimes
from beacon.cli.explore_options import add_jobs_option
from beacon.cli.parser import add_command, add_general_options
from beacon.data.runtimes import (
    HOST_TABLE,
    Measurement,
    Table,
    all_tables,
    load,
    render,
    with_measured,
)
from beacon.engines.runtime_version import RuntimeVersion, installed_version
from beacon.errors import ExitCode, UsageError
from beacon.model.event import Syscall
from beacon.model.files import write_files, writing

#: Those that are looked for; --runtime names others.
_KNOWN = ("runc", "crun")
_STARTS = 400


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "runtimes",
        "Show what container runtimes call themselves before the entry point.",
        "List the container runtimes whose own system calls under the filter are known, and those "
        "that are installed. A policy without these calls starts no container.\n\nWith --measure, "
        "start a static program many times under each installed runtime, and list what the runtime "
        "calls between the filter and the entry point (docs/concepts/runtimes.md).",
        ["[--runtime PROGRAM]... [--json]", "--measure [OPTIONS]"],
        ["", "--measure", "--measure --runtime /opt/bin/youki --starts 2000 -o runtimes.toml"],
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--runtime",
        metavar="PROGRAM",
        action="append",
        default=[],
        help="A runtime by its name or path. May be repeated. Default: runc and crun, where they "
        "are installed.",
    )
    group = parser.add_argument_group("measuring")
    group.add_argument(
        "--measure",
        action="store_true",
        help="Measure the installed runtimes; needs root. Default: only list.",
    )
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=_STARTS,
        help="How often each runtime starts the program, over all variants, half of them while the "
        f"processors are busy. Default: {_STARTS}.",
    )
    add_jobs_option(group, "containers")
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help=f"Add the measurements to this table. `beacon policy` reads {HOST_TABLE} and "
        "$XDG_CONFIG_HOME/beacon/runtimes.toml (default: ~/.config/beacon/runtimes.toml). Default: "
        "write no table.",
    )
    add_general_options(parser, "the runtimes, or the measurements,")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """List, or measure and write."""
    if options.output is not None and not options.measure:
        raise UsageError("There is nothing to write without --measure: add it, or leave -o out.")
    installed = _installed(options.runtime)
    if not options.measure:
        _list(console, all_tables(), installed, as_json=options.json)
        return ExitCode.DONE
    if not installed:
        raise UsageError("Neither runc nor crun is installed: name another program with --runtime.")
    if options.output is not None:
        check_output_file(options.output)
    before = _before(options.output)
    measured = _measured(options, console, installed)
    if options.output is not None:
        table = before
        for each in measured:
            table = with_measured(table, each)
        _write(options.output, table)
    if options.json:
        console.document("runtimes", Runtimes(measured=tuple(measured)))
    else:
        _tell(console, measured, all_tables())
    return ExitCode.DONE


def _installed(programs: list[str]) -> dict[str, RuntimeVersion]:
    """Those that are there, by their programs; UsageError for one that was named and is not."""
    found = {}
    for program in programs or _KNOWN:
        path = shutil.which(program)
        version = installed_version(path) if path else None
        if path and version:
            found[path] = version
        elif programs:
            raise UsageError(
                f"'{program}' is not a container runtime that says its version: name a program "
                "like runc or crun."
            )
    return found


def _measured(
    options: argparse.Namespace, console: Console, installed: dict[str, RuntimeVersion]
) -> list[Measurement]:
    starts = max(1, options.starts)
    found = []
    with closing(open_monitor()) as monitor:
        for program, version in installed.items():
            console.say(f"{version}: starting a static program {starts} times")
            result = measure(monitor, program, starts, options.jobs, lambda _: None)
            found.append(_measurement(version, result))
    return found


def _measurement(version: RuntimeVersion, found: Measured) -> Measurement:
    return Measurement(
        name=version.name,
        version=version.version,
        starts=found.starts,
        calls=_spelt(found.calls),
        exec=_spelt(found.more()),
    )


def _spelt(calls: Counter[Syscall]) -> dict[str, int]:
    return {str(call): calls[call] for call in sorted(calls, key=str)}


def _before(output: Path | None) -> Table:
    return load(output) if output is not None and output.exists() else Table()


def _write(output: Path, table: Table) -> None:
    with writing(output.parent):
        write_files(output.parent, {output.name: render(table).encode()})


def _list(
    console: Console, table: Table, installed: dict[str, RuntimeVersion], *, as_json: bool
) -> None:
    if as_json:
        console.document("runtimes", Runtimes(known=table, installed=installed))
        return
    rows = [
        [str(each), str(each.starts), str(len({c.partition("(")[0] for c in each.calls}))]
        for each in table.runtimes
    ]
    console.table("measured", ["runtime", "starts", "system calls"], rows)
    known = {str(each) for each in table.runtimes}
    for program, version in installed.items():
        state = "measured" if str(version) in known else "not measured: add --measure"
        console.result(f"installed: {version} ({program}), {state}")
    for chance in table.chance:
        console.result(f"by chance: {chance.runtime} {chance.call}: {chance.why}")


def _tell(console: Console, measured: list[Measurement], table: Table) -> None:
    known = {call for each in table.runtimes for call in each.calls}
    known |= {each.call for each in table.chance}
    for each in measured:
        console.result(f"{each}: {each.starts} starts")
        for call, count in sorted(each.calls.items(), key=lambda item: (-item[1], item[0])):
            console.result(f"  {count:>6} {call}{'' if call in known else '  (in no table)'}")
        if each.exec:
            console.result(f"  for a joining process also: {', '.join(each.exec)}")
