"""What a launch file gives a container beside its calls, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from beacon.data.kernel import tables
from beacon.export.seccomp import SeccompExporter
from beacon.model.deviation import Deviation, DeviationKind
from beacon.model.launch import strip_cap_prefix
from beacon.model.text import escape_untrusted

NO_NEW_PRIVILEGES = "no-new-privileges"
_ALL = "ALL"
_SECCOMP = "seccomp="


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What a file grants. `profile`: of seccomp, by its path; `open`: what else it opens."""

    capabilities: frozenset[str]
    drops_all: bool
    no_new_privileges: bool
    profile: str | None
    open: frozenset[str] = frozenset()


def by_options(add: Iterable[str], drop: Iterable[str], security: Iterable[str]) -> Rights:
    """The rights by the words of --cap-add, --cap-drop and --security-opt."""
    words = list(security)
    profiles = [word.removeprefix(_SECCOMP) for word in words if _names_profile(word)]
    others = [w for w in words if w != NO_NEW_PRIVILEGES and not _names_profile(w)]
    return Rights(
        capabilities=_capabilities(add),
        drops_all=_ALL in {strip_cap_prefix(word) for word in drop},
        no_new_privileges=NO_NEW_PRIVILEGES in words,
        profile=profiles[0] if len(profiles) == 1 else None,
        open=frozenset(map(escape_untrusted, others)),
    )


def _names_profile(word: str) -> bool:
    path = PurePosixPath(word.removeprefix(_SECCOMP))
    return word.startswith(_SECCOMP) and path.name == SeccompExporter.file


def _capabilities(words: Iterable[str]) -> frozenset[str]:
    names = {f"CAP_{strip_cap_prefix(word)}" for word in words}
    return frozenset(
        tables().capabilities if f"CAP_{_ALL}" in names else map(escape_untrusted, names)
    )


def of_service(document: Any, name: str) -> Rights | None:
    """Those of a service in a compose file; None if it has no such service."""
    service = _fields(_fields(document).get("services")).get(name)
    if not isinstance(service, dict):
        return None
    lists = (_words(service.get(key)) for key in ("cap_add", "cap_drop", "security_opt"))
    return _opened(by_options(*lists), service)


def of_container(document: Any, name: str) -> Rights | None:
    """Those of a container in a Pod; None if it has no such container."""
    listed = _fields(_fields(document).get("spec")).get("containers")
    named = (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()
    container = next((each for each in named if each.get("name") == name), None)
    if container is None:
        return None
    security = _fields(container.get("securityContext"))
    listed_rights, seccomp = (_fields(security.get(k)) for k in ("capabilities", "seccompProfile"))
    local = seccomp.get("type") == "Localhost"
    rights = Rights(
        capabilities=_capabilities(_words(listed_rights.get("add"))),
        drops_all=_ALL in {strip_cap_prefix(word) for word in _words(listed_rights.get("drop"))},
        no_new_privileges=security.get("allowPrivilegeEscalation") is False,
        profile=str(seccomp.get("localhostProfile")) if local else None,
    )
    return _opened(rights, security)


def _opened(rights: Rights, fields: dict[str, Any]) -> Rights:
    if fields.get("privileged") in (None, False):
        return rights
    return msgspec.structs.replace(rights, open=rights.open | {"privileged"})


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []


def compare_rights(file: str, expected: Rights, found: Rights) -> list[Deviation]:
    """How a file's rights differ from those that BeaCon wrote."""
    lists = {
        DeviationKind.WIDER: [*_opens(expected, found), *sorted(found.open - expected.open)],
        DeviationKind.NARROWER: list(_closes(expected, found)),
        DeviationKind.OTHER: list(_elsewhere(expected, found)),
    }
    return [Deviation(file, kind, tuple(what)) for kind, what in lists.items() if what]


def _opens(expected: Rights, found: Rights) -> Iterator[str]:
    yield from sorted(found.capabilities - expected.capabilities)
    if expected.drops_all and not found.drops_all:
        yield "the runtime's default capabilities"
    if expected.no_new_privileges and not found.no_new_privileges:
        yield "new privileges"
    if found.profile is None:
        yield f"calls that {SeccompExporter.file} denies"


def _closes(expected: Rights, found: Rights) -> Iterator[str]:
    yield from sorted(expected.capabilities - found.capabilities)
    if found.no_new_privileges and not expected.no_new_privileges:
        yield "new privileges"
    yield from sorted(expected.open - found.open)


def _elsewhere(expected: Rights, found: Rights) -> Iterator[str]:
    if found.profile not in (None, expected.profile):
        yield f"it names {escape_untrusted(str(found.profile))}, not {expected.profile}"
