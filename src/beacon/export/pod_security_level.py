"""Which level of the Pod Security Standards a Pod meets, and what keeps it from a higher one.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, the controls for Linux, as of
Kubernetes 1.34 (host probes).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from beacon.export.kubernetes_sysctls import SAFE
from beacon.model.text import escape_untrusted

_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
     "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)  # fmt: skip
_SELINUX_TYPES = frozenset(
    {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
)
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
     "projected", "secret"}
)  # fmt: skip
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_LISTS = ("initContainers", "containers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_SHOWN = 100  # characters of a value


class Level(StrEnum):
    """From the widest to the narrowest."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class Rating(NamedTuple):
    """A level; `reasons` say why it is not the next one, and are empty for the highest."""

    level: Level
    reasons: tuple[str, ...] = ()

    def sentence(self) -> str:
        """`Pod Security level: baseline; not restricted: runAsNonRoot is not true`."""
        text = f"Pod Security level: {self.level}"
        if not self.reasons:
            return text
        levels = list(Level)
        return f"{text}; not {levels[levels.index(self.level) + 1]}: {'; '.join(self.reasons)}"


def rate(pod: Any) -> Rating:
    """Of a Pod or a Pod's template, as it was read from YAML: whatever it holds."""
    spec, metadata = _fields(_fields(pod).get("spec")), _fields(_fields(pod).get("metadata"))
    if reasons := tuple(dict.fromkeys(_not_baseline(spec, metadata))):
        return Rating(Level.PRIVILEGED, reasons)
    if reasons := tuple(dict.fromkeys(_not_restricted(spec))):
        return Rating(Level.BASELINE, reasons)
    return Rating(Level.RESTRICTED)


def _not_baseline(spec: dict[str, Any], metadata: dict[str, Any]) -> Iterator[str]:
    yield from (f"{key} is true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    for volume in _items(spec.get("volumes")):
        if volume.get("hostPath") is not None:
            yield f"the volume {_shown(volume.get('name'))} is a hostPath"
    pod = _fields(spec.get("securityContext"))
    yield from _context(pod)
    for each in _items(pod.get("sysctls")):
        if str(each.get("name")) not in SAFE:
            yield f"it sets the sysctl {_shown(each.get('name'))}"
    for key, value in _fields(metadata.get("annotations")).items():
        allowed = value in ("", "runtime/default") or str(value).startswith("localhost/")
        if str(key).startswith(_ANNOTATION) and not allowed:
            yield f"the AppArmor profile is {_shown(value)}"
    for container in _containers(spec):
        yield from _container(container)


def _container(container: dict[str, Any]) -> Iterator[str]:
    security = _fields(container.get("securityContext"))
    yield from _context(security)
    if security.get("privileged"):
        yield "a container is privileged"
    if security.get("procMount") not in (None, "Default"):
        yield f"procMount is {_shown(security['procMount'])}"
    yield from (f"it adds {_shown(name)}" for name in _added(security) if name not in _CAPABILITIES)
    if any(port.get("hostPort") for port in _items(container.get("ports"))):
        yield "a container has a hostPort"
    hooks = _fields(container.get("lifecycle"))
    handlers = [_fields(container.get(probe)) for probe in _PROBES]
    handlers += [_fields(hooks.get(hook)) for hook in ("postStart", "preStop")]
    if any(_fields(h.get(way)).get("host") for h in handlers for way in ("httpGet", "tcpSocket")):
        yield "a probe or a hook names a host"


def _context(security: dict[str, Any]) -> Iterator[str]:
    """What a Pod's securityContext and a container's have in common."""
    if _fields(security.get("windowsOptions")).get("hostProcess"):
        yield "hostProcess is true"
    selinux = _fields(security.get("seLinuxOptions"))
    if selinux.get("type") is not None and str(selinux["type"]) not in _SELINUX_TYPES:
        yield f"the SELinux type is {_shown(selinux['type'])}"
    yield from (f"it sets an SELinux {key}" for key in ("user", "role") if selinux.get(key))
    for key, what in (("appArmorProfile", "AppArmor"), ("seccompProfile", "seccomp")):
        kind = _fields(security.get(key)).get("type")
        if kind is not None and str(kind) not in _PROFILES:
            yield f"the {what} profile is {_shown(kind)}"


def _not_restricted(spec: dict[str, Any]) -> Iterator[str]:
    for volume in _items(spec.get("volumes")):
        if not any(volume.get(kind) is not None for kind in _VOLUMES):
            yield f"the volume {_shown(volume.get('name'))} is of a further type"
    pod = _fields(spec.get("securityContext"))
    if pod.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if pod.get("runAsNonRoot") not in (None, True):  # also where each container has its own
        yield "runAsNonRoot is not true"
    for container in _containers(spec):
        yield from _not_restricted_container(_fields(container.get("securityContext")), pod)


def _not_restricted_container(security: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    if security.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    decides = pod if security.get("runAsNonRoot") is None else security
    if decides.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if security.get("runAsUser") == 0:
        yield "runAsUser is 0"
    profile = _fields(security.get("seccompProfile") or pod.get("seccompProfile"))
    if str(profile.get("type")) not in _PROFILES:
        yield "it has no seccomp profile"
    if "ALL" not in _words(_fields(security.get("capabilities")).get("drop")):
        yield "it does not drop ALL capabilities"
    yield from (
        f"it adds {_shown(name)}" for name in _added(security) if name != "NET_BIND_SERVICE"
    )


def _containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in _LISTS:
        yield from _items(spec.get(key))


def _added(security: dict[str, Any]) -> list[str]:
    return _words(_fields(security.get("capabilities")).get("add"))


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _words(value: Any) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []


def _shown(value: Any) -> str:
    return escape_untrusted(str(value)[:_SHOWN])
