"""The options that choose the engine and its runtime."""

from __future__ import annotations

import argparse

from beacon.cli.launch_options import add_docker_option
from beacon.data.docker_run import docker_run
from beacon.engines.choose import ENGINES, EngineChoice

_RUNTIME = "runtime"


def add_engine_options(parser: argparse.ArgumentParser, *, runtime: bool = True) -> None:
    """Add them; the `runtime` only where containers are started, and it is not there already."""
    group = parser.add_argument_group("engine")
    group.add_argument(
        "--engine",
        metavar="NAME",
        choices=list(ENGINES),
        help=f"The container engine. Values: {', '.join(ENGINES)}. Default: the first of these "
        "that answers (docs/reference/engines.md).",
    )
    if runtime:
        add_docker_option(group, _RUNTIME, docker_run().taken[_RUNTIME])


def engine_choice(options: argparse.Namespace) -> EngineChoice:
    """What they ask for."""
    return EngineChoice(options.engine, getattr(options, _RUNTIME, None))
