"""Reads a manifest as a Pod.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beacon.model.launch import Launch, MadeNetwork
from beacon.model.text import escape_untrusted
from beacon.pod.container import Surroundings, read_container
from beacon.pod.document import WORKLOADS, Manifests, PodFields, is_host_name, read_manifests
from beacon.pod.interface import Pod, PodContainer, PodError
from beacon.pod.security import Profiles, Shared, of_kubelet, read_shared
from beacon.pod.variables import Data, Facts
from beacon.pod.volumes import VolumeReader

#: They say where and when a Pod runs, not how.
_WITHOUT_EFFECT = (
    "activeDeadlineSeconds", "affinity", "enableServiceLinks", "ephemeralContainers",
    "imagePullSecrets", "nodeName", "nodeSelector", "os", "overhead", "preemptionPolicy",
    "priority", "priorityClassName", "readinessGates", "restartPolicy", "schedulerName",
    "schedulingGates", "serviceAccount", "setHostnameAsFQDN", "subdomain", "tolerations",
    "topologySpreadConstraints",
)  # fmt: skip
_CLUSTER_DOMAIN = "cluster.local"
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_GRACE = 30  # seconds, the default of terminationGracePeriodSeconds
_LONGEST_NAME = 63  # a host's name (RFC 1123)


@dataclass(frozen=True)
class Given:
    """What a manifest refers to and this host has: paths, Secrets by name, seccomp profiles."""

    paths: Collection[str] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    profiles: Profiles = of_kubelet


def read_pod(path: Path, workload: str | None = None, given: Given | None = None) -> Pod:
    """The Pod of the file's workload, of the one of this name if there are several. PodError."""
    path, given = path.absolute(), given or Given()
    manifests = read_manifests(path)
    for name, values in given.secrets.items():
        manifests.secrets.setdefault(name, {"stringData": values})
    name, document = _chosen(manifests, workload)
    if name and not is_host_name(name):
        raise PodError(
            f"{document.where} has a name that no Pod can have: take lower-case letters, digits, "
            "dots and dashes."
        )
    template = _template(document)
    metadata = template.mapping("metadata")
    facts = _facts(name, metadata, template)
    spec = template.mapping("spec")
    template.finish()
    return _read(path, name, spec, Data(manifests), facts, given)


def _chosen(manifests: Manifests, workload: str | None) -> tuple[str, PodFields]:
    found = [each for each in manifests.workloads if workload in (None, each[0])]
    if len(found) == 1:
        return found[0]
    names = ", ".join(escape_untrusted(name) for name, _ in manifests.workloads)
    if not found:
        raise PodError(
            f"{manifests.path} has no workload {escape_untrusted(workload or '')}: it has {names}."
        )
    raise PodError(
        f"{manifests.path} has several workloads ({names}): choose with --container "
        "WORKLOAD/CONTAINER."
    )


def _template(document: PodFields) -> PodFields:
    """What describes the Pod in it."""
    kind = document.text("kind") or ""
    outer: PodFields = document
    for key in WORKLOADS[kind]:
        if not isinstance(outer.peek(key), dict):
            raise PodError(f"{outer.where} has no {key}: add it.")
        outer = outer.mapping(key)
    outer.ignore("apiVersion", "kind", "status")
    return outer


def _facts(name: str, metadata: PodFields, template: PodFields) -> Facts:
    labels = {key: str(value) for key, value in metadata.mapping("labels").items()}
    annotations = {key: str(value) for key, value in metadata.mapping("annotations").items()}
    spec = template.peek("spec")
    account = spec.get("serviceAccountName") if isinstance(spec, dict) else None
    namespace = metadata.text("namespace") or "default"
    return Facts(name, namespace, labels, annotations, str(account or "default"))


def _read(path: Path, name: str, spec: PodFields, data: Data, facts: Facts, given: Given) -> Pod:
    spec.ignore(*_WITHOUT_EFFECT, "serviceAccountName", "automountServiceAccountToken")
    shared = read_shared(spec.mapping("securityContext"), given.profiles)
    volumes = VolumeReader(data, facts, given.paths).read(spec, spec.where)
    host = spec.flag("hostNetwork")
    common = _common(spec, name, facts, shared, host=host)
    around = Surroundings(data, facts, volumes, shared, common, given.profiles)
    containers = [
        read_container(spec.where, entry, around, init=init)
        for key, init in (("initContainers", True), ("containers", False))
        for entry in spec.many(key)
    ]
    spec.finish()
    _check_names(spec, containers)
    pod = {key: value for key, value in common.items() if key != "stop_timeout"}
    pod["network"] = "host" if host else "bridge"
    return Pod(
        path,
        name,
        tuple(containers),
        Launch(**pod),
        tuple(volumes.made.values()),
        shared.volumes_group,
    )


def _check_names(spec: PodFields, containers: list[PodContainer]) -> None:
    names = [each.name for each in containers]
    if not names:
        raise PodError(f"{spec.where} has no containers: add one.")
    for each in names:
        if names.count(each) > 1:
            raise PodError(f"{spec.where} has two containers {escape_untrusted(each)}: rename one.")


def _common(
    spec: PodFields, name: str, facts: Facts, shared: Shared, *, host: bool
) -> dict[str, Any]:
    """The options that all containers of the Pod have."""
    grace = spec.count("terminationGracePeriodSeconds")
    found: dict[str, Any] = {
        "network": MadeNetwork.POD,
        "stop_timeout": _GRACE if grace is None else grace,
        "sysctl": shared.sysctls,
        "add_host": tuple(_aliases(spec)),
        **_names(spec, facts, host=host),
    }
    if not host:
        # What a Pod's name has beyond the longest host name is cut off, as a kubelet does.
        found["hostname"] = spec.label("hostname") or name[:_LONGEST_NAME].rstrip("-.")
    else:
        spec.ignore("hostname")
    pids = {"hostPID": "host", "shareProcessNamespace": "pod"}
    for key, value in pids.items():
        if spec.flag(key):
            found.setdefault("pid", value)
    if spec.flag("hostIPC"):
        found["ipc"] = "host"
    return found


def _aliases(spec: PodFields) -> list[str]:
    found = []
    for entry in spec.many("hostAliases"):
        inner = PodFields(f"{spec.where}, hostAliases", entry)
        address, names = inner.text("ip") or "", inner.list("hostnames")
        inner.finish()
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise inner.wrong("ip", "an address") from None
        if not all(map(is_host_name, names)):
            raise inner.wrong("hostnames", "a list of names of hosts")
        found += [f"{name}:{address}" for name in names]
    return found


def _names(spec: PodFields, facts: Facts, *, host: bool) -> dict[str, Any]:
    """How names are resolved: as in a cluster, but by this host's servers.

    With the network of the `host` ClusterFirst means Default, and options of the Pod come to those
    of the policy: pkg/kubelet/network/dns/dns.go.
    """
    policy = spec.text("dnsPolicy") or "ClusterFirst"
    if policy not in _DNS_POLICIES:
        raise spec.wrong("dnsPolicy", f"one of {', '.join(_DNS_POLICIES)}")
    config = spec.mapping("dnsConfig")
    servers, searches = config.list("nameservers"), config.list("searches")
    options = []
    for entry in config.many("options"):
        inner = PodFields(f"{config.where}, options", entry)
        word, value = inner.text("name") or "", inner.text("value")
        options.append(word if value is None else f"{word}:{value}")
        inner.finish()
    config.finish()
    cluster: tuple[str, ...] = ()
    if policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not host):
        domain = f"svc.{_CLUSTER_DOMAIN}"
        cluster = (f"{facts.namespace}.{domain}", domain, _CLUSTER_DOMAIN)
        if not any(each.partition(":")[0] == "ndots" for each in options):
            options = ["ndots:5", *options]
    return {
        "dns": servers,
        "dns_search": (*cluster, *searches),
        "dns_option": tuple(options),
    }
