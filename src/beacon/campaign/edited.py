"""Compares the files of a policy's directory with what policy.json would write today.

policy.json is what `cves`, `explain` and `diff` speak of; the others are what is enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from beacon.campaign.enforced import Options, parse_options
from beacon.errors import UsageError
from beacon.export.comparison import compare
from beacon.export.compose import ComposeExporter
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.names import resource_name
from beacon.export.oci_profile import Profile, meaning, read_profile
from beacon.export.rights import Rights, by_options, compare_rights, of_container, of_service
from beacon.export.seccomp import SeccompExporter
from beacon.export.seccomp_profile import SeccompProfileExporter
from beacon.export.yaml_text import load
from beacon.model.deviation import Deviation, DeviationKind
from beacon.model.own_files import read_regular
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted
from beacon.synthesis.intents import check_classes

_LARGEST = 16 << 20  # bytes of a file; BeaCon writes some ten thousand


def edits(
    policy: Policy, directory: Path, known: Mapping[str, str] = MappingProxyType({})
) -> tuple[Deviation, ...]:
    """How the files that are there differ; `known` are the texts of those read already, by name.

    UsageError for what is not a file of ours, and for a policy with classes that do not exist.
    """
    check_classes(policy.events())
    found: list[Deviation] = []
    for file, deviations in _COMPARED.items():
        text = known[file] if file in known else _read(directory / file)
        if text is not None:
            found += deviations(policy, directory.resolve(), text)
    return tuple(found)


def _read(path: Path) -> str | None:
    """The text of a regular file of bounded size; None for a file that does not exist."""
    try:
        return read_regular(path, _LARGEST).decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):  # UnicodeDecodeError is a ValueError
        raise UsageError(
            f"{escape_untrusted(str(path))} is not a file that BeaCon wrote: write the policy "
            "again with "
            "`beacon policy`."
        ) from None


def _expected(policy: Policy) -> Profile:
    return read_profile(SeccompExporter().render(policy).decode())


def _seccomp(policy: Policy, directory: Path, text: str) -> list[Deviation]:
    file = SeccompExporter.file
    try:
        return compare(file, _expected(policy), read_profile(text))
    except ValueError as error:
        return [_unreadable(file, DeviationKind.WIDER, error)]


def _seccomp_profile(policy: Policy, directory: Path, text: str) -> list[Deviation]:
    file = SeccompProfileExporter.file
    try:
        resource = load(text)
        spec = resource.get("spec") if isinstance(resource, dict) else None
        return compare(file, _expected(policy), meaning(spec))
    except ValueError as error:
        return [_unreadable(file, DeviationKind.WIDER, error)]


def _docker_args(policy: Policy, directory: Path, text: str) -> list[Deviation]:
    exporter = DockerArgsExporter()
    try:
        found = parse_options(directory / exporter.file, text)
    except UsageError:
        return [_deviation(exporter.file, DeviationKind.WIDER, "options that BeaCon did not write")]
    written = parse_options(directory, exporter.render(policy).decode())
    expected = _rights(written)
    rights = _rights(found)
    if rights.profile == str(directory / SeccompExporter.file):  # as an older BeaCon wrote it
        rights = msgspec.structs.replace(rights, profile=expected.profile)
    return [
        *compare_rights(exporter.file, expected, rights),
        *_hardening(exporter.file, written, found),
    ]


def _hardening(file: str, written: Options, found: Options) -> list[Deviation]:
    if written.hardening == found.hardening:
        return []
    lost = set(written.hardening) - set(found.hardening)
    kind = DeviationKind.WIDER if lost else DeviationKind.OTHER
    has, wanted = (" ".join(each.hardening) or "nothing" for each in (found, written))
    return [_deviation(file, kind, f"it adds {has} to the launch, not {wanted}")]


def _rights(options: Options) -> Rights:
    return by_options(options.add, options.drop, options.security)


def _compose(policy: Policy, directory: Path, text: str) -> list[Deviation]:
    return _launched(ComposeExporter(), of_service, policy, text)


def _kubernetes(policy: Policy, directory: Path, text: str) -> list[Deviation]:
    return _launched(KubernetesExporter(), of_container, policy, text)


def _launched(
    exporter: Exporter,
    rights: Callable[[Any, str], Rights | None],
    policy: Policy,
    text: str,
) -> list[Deviation]:
    """The container's rights: all else in these files is the user's to change."""
    name = resource_name(policy.image.reference)
    expected = rights(load(exporter.render(policy).decode()), name)
    try:
        found = rights(load(text), name)
    except ValueError as error:
        return [_unreadable(exporter.file, DeviationKind.OTHER, error)]
    if expected is None or found is None:
        return [_deviation(exporter.file, DeviationKind.OTHER, f"it has no container {name}")]
    return compare_rights(exporter.file, expected, found)


def _unreadable(file: str, kind: DeviationKind, error: ValueError) -> Deviation:
    return _deviation(file, kind, f"what BeaCon did not write ({error})")


def _deviation(file: str, kind: DeviationKind, what: str) -> Deviation:
    return Deviation(file, kind, (what,))


_COMPARED: Mapping[str, Callable[[Policy, Path, str], list[Deviation]]] = {
    SeccompExporter.file: _seccomp,
    DockerArgsExporter.file: _docker_args,
    ComposeExporter.file: _compose,
    KubernetesExporter.file: _kubernetes,
    SeccompProfileExporter.file: _seccomp_profile,
}
