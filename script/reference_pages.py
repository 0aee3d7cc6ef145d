"""The pages of docs/reference that come from the code, as `script/reference` writes them."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import beacon
from beacon.campaign.service_environments import settings_of
from beacon.cli.main import EPILOG, build_parser
from beacon.data.architectures import counterparts
from beacon.data.docker_run import docker_run
from beacon.errors import BeaconError, ExitCode
from beacon.model.architecture import Architecture
from beacon.workloads.discovery import services
from beacon.workloads.service import Service
from manual_page import manual_page

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
CATALOGUE = FOLDER.parent.parent / "catalogue" / "README.md"
_NOTE = "<!-- `script/reference` writes this page from the code. -->\n"
#: Demo applications are test material and have no page.
_DISTRIBUTIONS = ("beacon", "beacon_catalogue")


def pages() -> dict[Path, str]:
    """Each generated page by its path."""
    made = {
        "architectures.md": _architectures(),
        "cli.md": _cli(),
        "docker-run.md": _docker_run(),
        "errors.md": _errors(),
        "services.md": _services(),
    }
    whole = {FOLDER / name: f"{_NOTE}\n{text.rstrip()}\n" for name, text in made.items()}
    others = {CATALOGUE: _catalogue(CATALOGUE.read_text()), FOLDER / "beacon.1": manual_page()}
    return whole | others


def _catalogue(text: str) -> str:
    """The distribution's page with its services."""
    rows = [
        (f"`{each.name}`", f"`{each.workload}`", each.summary)
        for each in services().values()
        if _package(each) == "beacon_catalogue"
    ]
    first, last = "<!-- services -->", "<!-- /services -->"
    table = f"{first}\n{_table(('service', 'workload', 'what it is'), rows)}{last}"
    return re.sub(f"{first}.*{last}", lambda _: table, text, flags=re.DOTALL)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(text) for text in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _architectures() -> str:
    """The counterparts of calls on the other architecture."""
    lines = [
        "# System calls of other architectures",
        "",
        "What `beacon policy --architecture` expects of a program where the architecture has no "
        "call of that name, or where its C libraries make another one as well "
        "([Architectures and kernels](../concepts/architectures.md)). A call that both have by one "
        "name is always part of it. The table is `src/beacon/data/architectures.toml`.",
    ]
    for to in reversed(Architecture):
        (other,) = {*Architecture} - {to}
        rows = (
            (_names(row.seen), _names(row.then) or "nothing", row.why) for row in counterparts(to)
        )
        head = (f"seen on {other}", f"expected on {to}", "why")
        lines += ["", f"## From {other} to {to}", "", _table(head, rows).rstrip()]
    return "\n".join(lines)


def _names(events: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in events)


def _cli() -> str:
    parser = build_parser()
    text = (
        "# The command line\n\n"
        "`beacon COMMAND --help` shows the same text in a terminal.\n\n"
        f"```text\n{EPILOG.strip()}\n```\n"
    )
    for name, command in _commands(parser).items():
        text += f"\n## beacon {name}\n\n{''.join(_command(command))}"
    return text


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(
        dict(action.choices)
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    usage = "\n".join(line.strip() for line in usage.splitlines())
    yield f"```text\n{usage}\n```\n\n{_escaped(str(parser.description))}\n"
    formatter = parser._get_formatter()
    for group in parser._action_groups:
        if not group._group_actions:
            continue
        yield f"\n**{str(group.title).capitalize()}**\n\n"
        if group.description:
            yield f"{_escaped(group.description)}\n\n"
        rows = [
            (f"`{formatter._format_action_invocation(action)}`", _help(formatter, action))
            for action in group._group_actions
        ]
        yield _table(("option", "meaning"), rows)
    if parser.epilog:
        yield f"\n```text\n{parser.epilog.rstrip()}\n```\n"


def _docker_run() -> str:
    table = docker_run()
    rows = [
        (", ".join(f"`{name}`" for name in option.names), "holds in every run")
        for option in table.taken.values()
    ]
    for said, reasons in (("no effect", table.ignored), ("refused", table.refused)):
        for reason in reasons:
            for names, _ in reason.options():
                rows.append((", ".join(f"`{name}`" for name in names), f"{said}: {reason.why}"))
    return (
        "# docker run's options\n\n"
        f"What `beacon profile` does with each option of `docker run` (Docker {table.version}), so "
        "that a command line can be taken over as it is. Those that hold in every run are "
        "explained in [the command line](cli.md#beacon-profile).\n\n"
        + _table(("option", "in `beacon profile`"), sorted(rows, key=_long_name))
    )


def _long_name(row: Sequence[str]) -> str:
    return next(name for name in row[0].replace("`", "").split(", ") if name.startswith("--"))


def _help(formatter: argparse.HelpFormatter, action: argparse.Action) -> str:
    return _escaped(formatter._expand_help(action)) if action.help else ""


def _escaped(text: str) -> str:
    """Without what Markdown would take for emphasis or HTML, outside of `code`."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<])", r"\\\1", part) for part in parts
    )


def _errors() -> str:
    rows = [("`BeaconError`", _code(BeaconError), "", _first_line(BeaconError))]
    for depth, kind in _tree(BeaconError, 1):
        name = f"{'· ' * depth}`{kind.__name__}`"
        rows.append((name, _code(kind), f"`{kind.__module__}`", _first_line(kind)))
    return (
        "# Errors\n\n"
        "Every failure that BeaCon expects is an error of this tree. Its text is a sentence that "
        "says what to do, and its class decides the [exit code](exit-codes.md). A traceback is a "
        "bug. A dot stands for a level of the tree; an error that is caught before it reaches the "
        "user has the exit code of its parent all the same.\n\n"
        + _table(("error", "exit code", "module", "means"), rows)
    )


def _tree(kind: type[BeaconError], depth: int) -> Iterator[tuple[int, type[BeaconError]]]:
    _import_all()
    own = [each for each in kind.__subclasses__() if each.__module__.startswith("beacon.")]
    for each in sorted(own, key=lambda each: each.__name__):
        yield depth, each
        yield from _tree(each, depth + 1)


def _import_all() -> None:
    for module in pkgutil.walk_packages(beacon.__path__, "beacon."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _code(kind: type[BeaconError]) -> str:
    return str(int(ExitCode(kind.exit_code)))


def _first_line(kind: type[BeaconError]) -> str:
    return (kind.__doc__ or "").strip().partition("\n\n")[0]


def _services() -> str:
    known = [each for each in services().values() if _package(each) in _DISTRIBUTIONS]
    rows = [
        (f"[{each.name}](#{each.name})", f"`{each.workload}`", _ports(each), each.summary)
        for each in known
    ]
    text = (
        "# Services\n\n"
        "`beacon services` lists what is installed. `tcp` and `tls` come with `beacon-policy`, "
        "the others with `beacon-catalogue` (`pip install 'beacon-policy[catalogue]'`). "
        "[Your own service](../guides/own-service.md) shows how a package adds one.\n\n"
        + _table(("service", "workload", "usual ports", "what it is"), rows)
    )
    return text + "".join(f"\n## {each.name}\n\n{_page(each)}" for each in known)


def _package(service: Service) -> str:
    found = service.settings and service.settings.parent.parent.name
    return found or str(service.drives).partition(".")[0]


def _ports(service: Service) -> str:
    return ", ".join(map(str, service.habits))


def _page(service: Service) -> str:
    own = files("beacon_catalogue") / service.name / "README.md"
    lines = [] if _package(service) == "beacon" else own.read_text().strip().splitlines()
    text = "\n".join(lines[1:] if lines and lines[0].startswith("# ") else lines).strip()
    text = re.sub(r"^(#+) ", r"#\1 ", text, flags=re.MULTILINE)
    text = f"{text or _sentence(service.summary)}\n"
    return text + "".join(_facts(service))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _facts(service: Service) -> Iterator[str]:
    if service.programs or service.interpreters:
        names = (
            *service.programs,
            *(f"{each} and the image's name" for each in service.interpreters),
        )
        yield f"\nRecognised by: {', '.join(names)}.\n"
    dimensions = settings_of(service).dimensions
    if dimensions:
        rows = [(f"`{each.name}`", ", ".join(each.values), each.why) for each in dimensions]
        yield "\n" + _table(("environments", "values", "why"), rows)
