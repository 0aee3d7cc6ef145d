"""Security contexts of a Pod and of its containers, as options of a launch.

https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import ENOENT
from pathlib import Path
from typing import Any

from beacon.data.capabilities import check_capability
from beacon.model.own_files import read_text
from beacon.model.text import escape_untrusted
from beacon.pod.document import PodFields
from beacon.pod.interface import PodError

_LARGEST = 8 << 20
_GROUP = re.compile(r"\d{1,9}", re.ASCII)

#: The text of a profile of the type Localhost by its path on the node; OSError, UnicodeDecodeError.
Profiles = Callable[[str], str]


def of_kubelet(name: str, place: Path = Path("/var/lib/kubelet/seccomp")) -> str:
    """The profile where a kubelet looks for it; OSError also for one that is elsewhere."""
    path = place / name
    if not path.resolve().is_relative_to(place.resolve()):
        raise OSError(ENOENT, f"it is not below {place}")
    return read_text(path, _LARGEST)


@dataclass(frozen=True)
class Rights:
    """What a container may; `launch` has the options, `non_root` is runAsNonRoot."""

    launch: dict[str, Any] = field(default_factory=dict)
    non_root: bool = False


@dataclass(frozen=True)
class Shared:
    """What a Pod's own security context says for all of its containers."""

    user: int | None = None
    group: int | None = None
    non_root: bool = False
    volumes_group: int | None = None
    launch: dict[str, Any] = field(default_factory=dict)
    sysctls: tuple[str, ...] = ()


def read_shared(fields: PodFields, profiles: Profiles = of_kubelet) -> Shared:
    """The Pod's; PodError."""
    groups = fields.list("supplementalGroups")
    if not all(map(_GROUP.fullmatch, groups)):
        raise fields.wrong("supplementalGroups", "a list of groups by number")
    volumes_group = fields.count("fsGroup")
    if volumes_group is not None:
        groups = (*groups, str(volumes_group))
    launch: dict[str, Any] = {"group_add": groups, **_filters(fields, profiles)}
    sysctls = tuple(_sysctl(fields, each) for each in fields.many("sysctls"))
    fields.ignore("fsGroupChangePolicy", "seLinuxOptions", "supplementalGroupsPolicy")
    found = Shared(
        fields.count("runAsUser"),
        fields.count("runAsGroup"),
        fields.flag("runAsNonRoot"),
        volumes_group,
        launch,
        sysctls,
    )
    fields.finish()
    return found


def read_rights(fields: PodFields, shared: Shared, profiles: Profiles = of_kubelet) -> Rights:
    """A container's own, over the Pod's; PodError."""
    if fields.flag("privileged"):
        raise PodError(
            f"{fields.where} is privileged, so it has no filter, and nothing can be recorded or "
            "enforced: give it what it needs by capabilities."
        )
    user, group = fields.count("runAsUser"), fields.count("runAsGroup")
    user = shared.user if user is None else user
    group = shared.group if group is None else group
    escalation = fields.choice("allowPrivilegeEscalation")
    capabilities = fields.mapping("capabilities")
    add, drop = capabilities.list("add"), capabilities.list("drop")
    capabilities.finish()
    for name in (*add, *drop):
        check_capability(name)
    own = fields.choice("runAsNonRoot")
    if (fields.text("procMount") or "Default") != "Default":
        raise fields.wrong("procMount", "Default, the only one that BeaCon supports")
    launch = {
        **shared.launch,
        **_filters(fields, profiles),
        "read_only": fields.flag("readOnlyRootFilesystem"),
        "no_new_privileges": escalation is False,
        "cap_add": add,
        "cap_drop": drop,
    }
    if user is not None or group is not None:
        number = "" if user is None else str(user)
        launch["user"] = number if group is None else f"{number}:{group}"
    fields.ignore("seLinuxOptions")
    fields.finish()
    return Rights(launch, shared.non_root if own is None else own)


def _filters(fields: PodFields, profiles: Profiles) -> dict[str, str]:
    """The seccomp and AppArmor profiles that are named; none where the runtime's are used."""
    found = {}
    if seccomp := _profile(fields.mapping("seccompProfile"), profiles):
        found["seccomp"] = seccomp
    apparmor = fields.mapping("appArmorProfile")
    kind, name = apparmor.text("type"), apparmor.text("localhostProfile")
    apparmor.finish()
    if kind == "Unconfined":
        found["apparmor"] = "unconfined"
    elif kind == "Localhost" and name:
        found["apparmor"] = name
    return found


def _profile(fields: PodFields, profiles: Profiles) -> str | None:
    kind, name = fields.text("type") or "RuntimeDefault", fields.text("localhostProfile") or ""
    fields.finish()
    if kind == "Unconfined":
        return "unconfined"
    if kind != "Localhost":
        return None
    try:
        return profiles(name)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError, too
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise PodError(
            f"{fields.where} names {escape_untrusted(name)}, which cannot be read ({reason}): "
            "put the profile below /var/lib/kubelet/seccomp, as on a node."
        ) from None


def _sysctl(fields: PodFields, entry: object) -> str:
    inner = PodFields(f"{fields.where}, sysctls", entry)
    name, value = inner.text("name") or "", inner.text("value") or ""
    inner.finish()
    return f"{name}={value}"
