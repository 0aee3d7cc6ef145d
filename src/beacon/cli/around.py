"""What the options say of a recorded container: what it may have, and what is around it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Effects
from beacon.campaign.neighbours import alone
from beacon.cli.consent_options import consent_of
from beacon.cli.console import Console
from beacon.cli.engine_options import engine_choice
from beacon.cli.pod_options import container_name, over_cri, pod_of
from beacon.compose.interface import Stack
from beacon.compose.read import read_stack
from beacon.engines.choose import EngineChoice
from beacon.errors import ExitCode, UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted
from beacon.pod.interface import Pod

#: A command, for one container.
Command = Callable[[argparse.Namespace, Console], ExitCode]

#: The codes that a container may come to, the worst last.
_WORST = (ExitCode.DONE, ExitCode.ENVIRONMENT, ExitCode.DIFFERENCE)


@dataclass(frozen=True)
class Around:
    """The whole that the container is a part of, the engine for it, and what its user agrees to."""

    consent: Consent
    granted: Effects
    stack: Stack | None
    pod: Pod | None
    engine: EngineChoice


def around_of(options: argparse.Namespace, recorded: Launch) -> Around:
    """What is around the container that was recorded so; UsageError, PodError."""
    stack = read_stack(options.compose) if options.compose else None
    pod = pod_of(options)
    _check_container(options, recorded)
    consent, granted = consent_of(options, _launch(recorded, stack, pod))
    return Around(consent, granted, stack, pod, over_cri(engine_choice(options), pod))


def _check_container(options: argparse.Namespace, recorded: Launch) -> None:
    """UsageError where another container than the recorded one was chosen."""
    name = container_name(options)
    if name is not None and recorded.network_alias and name not in recorded.network_alias:
        raise UsageError(
            f"This was recorded as {escape_untrusted(recorded.network_alias[0])}, not as "
            f"{escape_untrusted(name)}: name another container with --container, or another "
            "directory."
        )


def _launch(recorded: Launch, stack: Stack | None, pod: Pod | None) -> Launch | None:
    """How the compose file, or the manifest, starts it."""
    names = recorded.network_alias
    if pod is not None and names:
        return pod.container(names[0]).launch
    return alone(stack, names[0]) if stack is not None and names else None


def for_containers(
    options: argparse.Namespace, console: Console, argument: str, file: str, command: Command
) -> ExitCode:
    """Do it, for each container of a Pod where the `argument` has a directory for each.

    A directory for one container holds the `file`.
    """
    pod, directory = pod_of(options), getattr(options, argument)
    if pod is None or (directory / file).exists():
        return command(options, console)
    name = container_name(options)
    codes = []
    for each in pod.containers if name is None else (pod.container(name),):
        console.say(f"The container {escape_untrusted(each.name)}:")
        own = argparse.Namespace(**{**vars(options), argument: directory / each.name})
        codes.append(command(own, console))
    return max(codes, key=_WORST.index)


def directory_of_one(options: argparse.Namespace, directory: Path, file: str) -> Path:
    """The directory, or the one in it of the container that is meant; PodError for several."""
    pod = pod_of(options)
    if pod is None or (directory / file).exists():
        return directory
    return directory / pod.container(container_name(options)).name
