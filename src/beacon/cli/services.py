"""beacon services: the services that are installed, and what BeaCon knows of each."""

from __future__ import annotations

import argparse
from typing import Any

from beacon.campaign.service_environments import settings_of
from beacon.cli.console import Console
from beacon.cli.documents import Services, ServiceSummary
from beacon.cli.parser import add_command, add_general_options
from beacon.errors import ExitCode
from beacon.workloads.discovery import services
from beacon.workloads.service import Service


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "services",
        "List the services that `beacon profile` recognises and drives.",
        "List the installed services: the workload that drives each, and the environments that "
        "only it has. Packages add services by an entry point (docs/guides/own-service.md).",
        "[--json]",
        ["", "--json"],
    )
    add_general_options(parser, "the services with what each is recognised by")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """List them."""
    known = services().values()
    if options.json:
        console.document("services", Services(services=tuple(map(_plain, known))))
        return ExitCode.DONE
    rows = [
        [each.name, each.workload, str(_environments(each) or ""), each.summary] for each in known
    ]
    console.table(None, ["service", "workload", "environments", "what is driven"], rows)
    return ExitCode.DONE


def _environments(service: Service) -> int:
    return sum(len(each.values) for each in settings_of(service).dimensions)


def _plain(service: Service) -> ServiceSummary:
    return ServiceSummary(
        name=service.name,
        summary=service.summary,
        workload=service.workload,
        ports=service.habits,
        images=service.images,
        programs=service.programs,
        dimensions=tuple(each.name for each in settings_of(service).dimensions),
    )
