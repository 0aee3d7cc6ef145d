"""The options by which a user consents to what a policy asks for, and how it is listed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from beacon.campaign.consent import Consent, some
from beacon.campaign.demands import Effects, launch_demands, own_effects
from beacon.campaign.seal import NoKeyError, has_seal, seal
from beacon.campaign.settings import Settings, read_settings
from beacon.cli.console import Console
from beacon.cli.explore_options import named_dimensions
from beacon.cli.launch_options import add_docker_option
from beacon.data.dimensions import general, select
from beacon.data.docker_run import docker_run
from beacon.data.host_access import host_access
from beacon.model.launch import Launch, joined
from beacon.model.mount import host_volumes
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.security import read_security
from beacon.workloads.discovery import is_known

#: What the help says of some of them in other words than for `profile`.
_SAID = {
    "volumes": "A path of the host, or a volume.",
    "cap_add": "A capability that Docker does not grant by default.",
    "security_opt": "A wider filter. Values: seccomp=unconfined, apparmor=PROFILE.",
    "network": "The network host, or another one by its name.",
}

_Document = TypeVar("_Document", Profile, Policy)


def add_consent_options(parser: argparse.ArgumentParser, directory: str = "POLICY_DIR") -> None:
    """Add them: those of `profile` that give a container more than it has by itself.

    `directory` is what the command calls the directory that it reads.
    """
    group = parser.add_argument_group(
        "consent",
        f"The files of {directory} may come from anybody. BeaCon obeys what they ask of this host "
        "(a workload that is a program, a path, network, device or namespace of the host, a "
        "capability or a filter beyond Docker's default) only if you gave it to `beacon profile` "
        "on this host, which sealed the files, or if you give it here again (a workload with "
        "--workload). It lists all of it "
        "first. The key of the seal is in $XDG_STATE_HOME/beacon (default: ~/.local/state/beacon).",
    )
    group.add_argument(
        "--trust",
        action="store_true",
        help="Obey all that the files ask for, whoever made them. Default: only what is sealed or "
        "given here.",
    )
    for field in _asked_for():
        add_docker_option(group, field, docker_run().taken[field], _SAID.get(field))
    group.add_argument(
        "--stdin",
        metavar="FILE",
        help="The standard input of a job. Default: the recorded file, if its content is the same.",
    )
    group.add_argument(
        "--dimensions",
        metavar="LIST",
        default="",
        help="Environments that give the image a part of the host, by the names that `beacon "
        "dimensions` marks with *, separated by commas.",
    )
    group.add_argument(
        "--compose",
        metavar="FILE",
        type=Path,
        help="The compose file that the service was profiled from (`beacon profile --compose`): "
        "what the service needs is started, and all that the file gives it is agreed to.",
    )
    group.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="All that this settings file asks for (TOML, docs/reference/settings.md).",
    )


def consent_of(
    options: argparse.Namespace, service: Launch | None = None
) -> tuple[Consent, Effects]:
    """What the options consent to, and the environments that may ask for more.

    `service` is how the compose file starts it.
    """
    settings = read_settings(options.settings) if options.settings else Settings()
    given = {} if service is None else msgspec.structs.asdict(service)
    consent = Consent(
        trust=options.trust,
        workloads=_workloads(options.workload, settings),
        launch=_launch(options, joined(settings.launch, given)),
    )
    return consent, _granted(options.dimensions, settings)


def sealed(document: _Document, console: Console) -> _Document:
    """The document with this host's seal, or without one and a note why."""
    try:
        return seal(document)
    except NoKeyError as error:
        console.say(f"Note: not sealed ({error}): `verify` takes its options once more.")
        return document


def carried(policy: Policy, profile: Profile, console: Console) -> Policy:
    """The policy, sealed if the profile was; else a note on what its files ask for."""
    if has_seal(profile, console.say):
        return sealed(policy, console)
    if found := launch_demands(policy.launch):
        console.say(
            f"Note: the profile, without the seal of this host, asks for {some(found)}. "
            "Read the files before you use them."
        )
    return policy


def _granted(dimensions: str, settings: Settings) -> Effects:
    chosen = select((*general(), *settings.dimensions), named_dimensions(dimensions))
    return {**own_effects(settings.dimensions), **own_effects(chosen)}


def _workloads(names: Sequence[str], settings: Settings) -> frozenset[str]:
    given = [*names, *([settings.workload] if settings.workload else [])]
    # Documents of older versions name a script by its absolute path.
    return frozenset(name if is_known(name) else str(Path(name).resolve()) for name in given)


def _asked_for() -> tuple[str, ...]:
    """The options of `docker run` that can give a container a part of the host."""
    access = host_access().options
    return tuple(
        field
        for field in docker_run().taken
        if field == "security_opt" or (field in access and access[field].harmless != ".*")
    )


def _launch(options: argparse.Namespace, base: Launch) -> Launch:
    given = {field: getattr(options, field) for field in _asked_for()}
    security = read_security(given.pop("security_opt"))
    given |= {
        "volumes": host_volumes(options.volumes),
        "stdin": options.stdin,
        "apparmor": security.apparmor,
        "seccomp": security.seccomp,
    }
    return joined(base, given)
