"""From a launch and an enforcement to the messages of CRI, as a kubelet would fill them in.

What CRI cannot say is refused by its name: no Pod can have it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon.data.capabilities import check_capability
from beacon.engines.care import Care, Handler, Probe
from beacon.engines.cri_client import expressed, messages
from beacon.engines.go_time import nanoseconds
from beacon.engines.interface import Enforcement, Image, NotSupportedError, RefusedError
from beacon.errors import UsageError
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.text import escape_untrusted

#: As docker_options.ALLOW_ALL, in the OCI's words, of which CRI runtimes read no others.
ALLOW_ALL = json.dumps(
    {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [],
    }
)
#: What only Docker reads in a profile: it picks rules by it before the runtime sees them.
_OF_DOCKER = ("archMap", "includes", "excludes", "minKernel")

_UNSUPPORTED = (
    "init", "restart", "memory_reservation", "memory_swappiness", "pids_limit", "ulimit", "userns",
    "uts", "cgroupns", "domainname", "device_cgroup_rule", "volumes_from", "log_driver", "log_opt",
    "storage_opt", "oom_kill_disable", "ip", "ip6", "mac_address",
)  # fmt: skip

#: A network by which a container joins the sandbox with the id behind it.
SANDBOX = "@sandbox:"
#: Networks that every sandbox has: one of its own.
_OWN_NETWORK = ("bridge", "default", "@new")
_SIZE = re.compile(r"(\d+)([bkmgt]?)b?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_PERIOD = 100_000  # microseconds, as the kubelet has it (cpuPeriod)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - in the container

_Namespaces = messages.NamespaceOption
_Profile = messages.SecurityProfile


def unsupported(what: str) -> NotSupportedError:
    """An error for what no Pod can have; `what` is a sentence without its beginning."""
    return NotSupportedError(f"The CRI engine refused: {what}")


def check_supported(launch: Launch) -> None:
    """NotSupportedError for an option that no Pod can have."""
    for name in _UNSUPPORTED:
        if getattr(launch, name) not in (None, False, ()):
            raise unsupported(f"there is no --{name.replace('_', '-')}, and no Pod has it.")
    network = launch.network or "bridge"
    if network not in (*_OWN_NETWORK, "host") and not network.startswith(SANDBOX):
        raise unsupported(
            f"there is no --network {escape_untrusted(network)}: a Pod has a network of its own, "
            "or the host's."
        )
    for name, known in (("ipc", ("host", "private")), ("pid", ("host", "pod"))):
        if (value := getattr(launch, name)) not in (None, *known):
            raise unsupported(f"there is no --{name} {escape_untrusted(value)}.")


def namespaces(launch: Launch) -> Any:
    """What the containers of a sandbox share with each other, and with the host."""
    host = launch.network == "host"
    pid = {"host": messages.NODE, "pod": messages.POD}.get(launch.pid or "", messages.CONTAINER)
    return _Namespaces(
        network=messages.NODE if host else messages.POD,
        pid=pid,
        ipc=messages.NODE if launch.ipc == "host" else messages.POD,
    )


@expressed()
def sandbox_config(
    name: str, launch: Launch, labels: Mapping[str, str], logs: Path, cgroup_parent: str
) -> Any:
    """A sandbox for containers that are launched so."""
    security = messages.LinuxSandboxSecurityContext(
        namespace_options=namespaces(launch),
        seccomp=_Profile(profile_type=_Profile.RuntimeDefault),
    )
    config = messages.PodSandboxConfig(
        metadata=messages.PodSandboxMetadata(name=name, uid=name, namespace="beacon"),
        labels=dict(labels),
        log_directory=str(logs),
        linux=messages.LinuxPodSandboxConfig(
            cgroup_parent=cgroup_parent,
            security_context=security,
            sysctls=_pairs(launch.sysctl),
        ),
    )
    if launch.network != "host":
        config.hostname = launch.hostname or name
    if launch.dns or launch.dns_search or launch.dns_option:
        config.dns_config.CopyFrom(
            messages.DNSConfig(
                servers=launch.dns or _servers(),
                searches=launch.dns_search,
                options=launch.dns_option,
            )
        )
    return config


def _servers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    """Those of this host, three at most, as a kubelet has it."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    words = (line.split() for line in lines)
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"][:3]


@dataclass(frozen=True)
class Around:
    """What was made on this host for a container: mounts, files of filters.

    Its `name` is one that no other container of the sandbox has; so is that of its log.
    """

    name: str
    mounts: Sequence[Any]
    filter_path: Callable[[str], str]
    labels: Mapping[str, str]
    attempt: int = 0

    @property
    def log(self) -> str:
        """The name of the file with its output."""
        return f"{self.name}-{self.attempt}.log"


@expressed()
def container_config(
    image: Image, launch: Launch, enforcement: Enforcement, around: Around, *, stdin: bool = False
) -> Any:
    """One container; RefusedError for what makes no sense."""
    return messages.ContainerConfig(
        metadata=messages.ContainerMetadata(name=around.name, attempt=around.attempt),
        image=messages.ImageSpec(image=image.id),
        command=[] if launch.entrypoint is None else [launch.entrypoint],
        args=launch.command,
        working_dir=launch.workdir or "",
        envs=[
            messages.KeyValue(key=name, value=value)
            for name, _, value in (word.partition("=") for word in launch.env)
        ],
        mounts=around.mounts,
        devices=[_device(word) for word in launch.device],
        labels=dict(around.labels),
        log_path=around.log,
        stdin=launch.interactive or stdin,
        stdin_once=stdin,  # its end is the container's, too
        tty=launch.tty,
        linux=messages.LinuxContainerConfig(
            resources=_resources(launch),
            security_context=_security(image, launch, enforcement, around),
        ),
    )


def _security(image: Image, launch: Launch, enforcement: Enforcement, around: Around) -> Any:
    add, drop = _capabilities(launch, enforcement)
    security = messages.LinuxContainerSecurityContext(
        capabilities=messages.Capability(add_capabilities=add, drop_capabilities=drop),
        namespace_options=namespaces(launch),
        readonly_rootfs=launch.read_only,
        no_new_privs=launch.no_new_privileges,
        supplemental_groups=[_number(word, "--group-add") for word in launch.group_add],
        seccomp=_seccomp(launch, enforcement, around.filter_path),
        masked_paths=_MASKED,
        readonly_paths=_READ_ONLY,
    )
    _set_user(security, launch.user, image.user)
    if launch.apparmor is not None:
        security.apparmor.CopyFrom(_apparmor(launch.apparmor))
    return security


#: What the kubelet asks for where procMount is the default one: pkg/securitycontext/util.go.
_MASKED = (
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def _set_user(security: Any, user: str | None, own: str) -> None:
    """By number or name; a group by number only. The image's `own` where nothing is said."""
    name, _, group = (user or "").partition(":")
    if group and not name:
        name = own.partition(":")[0] or "0"
    if name.isdecimal():
        security.run_as_user.CopyFrom(messages.Int64Value(value=int(name)))
    else:
        security.run_as_username = name
    if group:
        number = messages.Int64Value(value=_number(group, "--user with a group"))
        security.run_as_group.CopyFrom(number)


def _capabilities(launch: Launch, enforcement: Enforcement) -> tuple[list[str], list[str]]:
    if enforcement.capabilities is None:
        added, dropped = launch.cap_add, launch.cap_drop
        for name in (*added, *dropped):
            _check_capability(name)
        return [*map(strip_cap_prefix, added)], [*map(strip_cap_prefix, dropped)]
    kept = (each for each in enforcement.capabilities if not launch.takes_away(each))
    return [*map(strip_cap_prefix, kept)], ["ALL"]


def _check_capability(name: str) -> None:
    """RefusedError for an unknown one: runc grants none for it, and says so to nobody."""
    try:
        check_capability(name)
    except UsageError as error:
        raise RefusedError(f"The CRI engine refused: {error}") from None


def _seccomp(launch: Launch, enforcement: Enforcement, filter_path: Callable[[str], str]) -> Any:
    text = launch.seccomp if enforcement.seccomp is None else enforcement.seccomp
    if text is None:
        return _Profile(profile_type=_Profile.RuntimeDefault)
    if text == "unconfined":
        text = ALLOW_ALL
    elif any(f'"{word}"' in text for word in _OF_DOCKER):
        raise unsupported(
            "the seccomp profile is one for Docker (archMap, includes), which no CRI runtime "
            "reads: write one in the OCI's format."
        )
    return _Profile(profile_type=_Profile.Localhost, localhost_ref=filter_path(text))


def _apparmor(name: str) -> Any:
    if name == "unconfined":
        return _Profile(profile_type=_Profile.Unconfined)
    return _Profile(profile_type=_Profile.Localhost, localhost_ref=name)


def _resources(launch: Launch) -> Any:
    resources = messages.LinuxContainerResources(
        cpu_shares=launch.cpu_shares or 0,
        cpu_period=launch.cpu_period or 0,
        cpu_quota=launch.cpu_quota or 0,
        cpuset_cpus=launch.cpuset_cpus or "",
        cpuset_mems=launch.cpuset_mems or "",
        oom_score_adj=launch.oom_score_adj or 0,
    )
    if launch.cpus is not None:
        resources.cpu_period, resources.cpu_quota = _PERIOD, math.ceil(launch.cpus * _PERIOD)
    if launch.memory is not None:
        resources.memory_limit_in_bytes = size(launch.memory)
    if launch.memory_swap is not None:
        unlimited = launch.memory_swap == "-1"
        resources.memory_swap_limit_in_bytes = -1 if unlimited else size(launch.memory_swap)
    return resources


def size(word: str) -> int:
    """Bytes, from a size as Docker spells it (`64m`); RefusedError."""
    match = _SIZE.fullmatch(word)
    if match is None:
        raise RefusedError(f"There is no such size: {escape_untrusted(word[:100])} (write 64m).")
    return int(match[1]) << _UNITS[match[2].lower()]


def health_care(launch: Launch) -> Care | None:
    """The launch's own health check as a probe; of the image's a kubelet knows nothing."""
    if launch.health_cmd is None or launch.no_healthcheck:
        return None
    handler = Handler(command=("/bin/sh", "-c", launch.health_cmd))
    probe = Probe(
        handler,
        "health check",
        # As Docker's: what fails while it may still become ready does not count.
        _seconds(launch.health_start_period) or launch.ready_timeout,
        period=_seconds(launch.health_interval) or 1.0,
        timeout=_seconds(launch.health_timeout) or 30.0,
        failures=launch.health_retries or 3,
    )
    return Care(readiness=probe)


def _seconds(word: str | None) -> float | None:
    return None if word is None else nanoseconds(word) / 1e9


def memory_places(launch: Launch) -> dict[str, str]:
    """Where a tmpfs is mounted, with its options."""
    found = {target: options for target, _, options in (w.partition(":") for w in launch.tmpfs)}
    if launch.shm_size is not None:
        found[_SHARED_MEMORY] = f"size={size(launch.shm_size)}"
    return found


def _device(word: str) -> Any:
    source, _, rest = word.partition(":")
    target, _, permissions = rest.partition(":")
    return messages.Device(
        host_path=source, container_path=target or source, permissions=permissions or "rwm"
    )


def _number(word: str, what: str) -> int:
    if not word.isdecimal():
        raise unsupported(
            f"there is no {what} by name ({escape_untrusted(word)}), and no Pod has it."
        )
    return int(word)


def _pairs(words: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}
