"""A policy as its kubernetes.yaml has it: what a kubelet would give the container."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from beacon.campaign.enforced import Enforced
from beacon.engines.interface import Enforcement
from beacon.errors import UsageError
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.kubernetes_container import written
from beacon.export.kubernetes_sysctls import sysctls
from beacon.export.names import resource_name
from beacon.export.seccomp import SeccompExporter
from beacon.model.launch import Launch, MadeNetwork, strip_cap_prefix
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted
from beacon.pod.read import Given, read_pod

#: What the file says of a container, as far as Kubernetes has words for it.
_SAID = (
    "command", "entrypoint", "workdir", "read_only", "tty", "interactive", "user", "group_add",
    "hostname", "memory", "cpus", "stop_timeout",
)  # fmt: skip
#: What it says always, also of what nobody gave to the container that was recorded.
_ALWAYS = ("env", "sysctl", "no_new_privileges")
#: How names are resolved in a cluster, unless something else was recorded.
_NAMES = ("dns_search", "dns_option")
#: What a Pod may share with its host, by the option that says so for a container.
_HOST = {"network": "hostNetwork", "pid": "hostPID", "ipc": "hostIPC"}


@dataclass(frozen=True)
class AsManifest:
    """How the container is started, and under what, as the file says."""

    launch: Launch
    enforcement: Enforcement


def as_manifest(policy: Policy, enforced: Enforced, directory: Path) -> AsManifest | None:
    """From DIR/kubernetes.yaml; None without it. UsageError for what BeaCon did not write."""
    path = directory / KubernetesExporter.file
    if not path.exists():
        return None
    name = resource_name(policy.image.reference)
    recorded = policy.launch
    variables = dict(word.partition("=")[::2] for word in recorded.env)
    profile = enforced.texts[SeccompExporter.file]
    given = Given(secrets={name: variables}, profiles=lambda _: profile)
    pod = read_pod(path, None, given)
    said = pod.container(name).launch
    if {strip_cap_prefix(each) for each in said.cap_drop} != {"ALL"} or said.seccomp != profile:
        raise UsageError(
            f"{path} does not drop all capabilities, or names no profile of the type Localhost: "
            "write the policy again with `beacon policy`."
        )
    # What docker.args and policy.json have was consented to, and nothing beyond it.
    beyond = sorted(
        {*said.cap_add} - {*map(strip_cap_prefix, enforced.enforcement.capabilities or ())}
    )
    beyond += sorted(
        {*said.sysctl} - {f"{each['name']}={each['value']}" for each in sysctls(policy)}
    )
    beyond += _of_the_host(pod.launch, said, recorded)
    if beyond:
        raise UsageError(
            f"{path} asks for {escape_untrusted(', '.join(beyond))}, which policy.json does not: "
            "write the policy again with `beacon policy`."
        )
    fields = {*_ALWAYS}
    if recorded.network != MadeNetwork.POD:  # else its own manifest says how it is started
        fields |= written(recorded) & {*_SAID}
        fields |= {each for each in _NAMES if not recorded.dns and not getattr(recorded, each)}
    else:
        fields -= {"env"}
    changes = {each: getattr(said, each) for each in fields}
    launch = msgspec.structs.replace(recorded, **changes)
    return AsManifest(launch, Enforcement(profile, tuple(said.cap_add)))


def _of_the_host(pod: Launch, said: Launch, recorded: Launch) -> list[str]:
    """What the file takes of the host, or of its protection, and the recorded container did not."""
    shared = [key for name, key in _HOST.items() if getattr(pod, name) == "host"]
    had = [key for name, key in _HOST.items() if getattr(recorded, name) == "host"]
    open_ = said.apparmor == "unconfined" != recorded.apparmor
    found = [each for each in shared if each not in had]
    return [*found, *(["appArmorProfile Unconfined"] if open_ else [])]
