"""The options that name a manifest of Kubernetes, and a container in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from beacon.engines.choose import PODS, EngineChoice
from beacon.errors import UsageError
from beacon.pod.interface import Pod
from beacon.pod.read import Given, read_pod

_READ = "pod_that_was_read"


def add_pod_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add them; `default` says which container is meant without a choice."""
    group = parser.add_argument_group(
        "Kubernetes",
        "A container of a Pod, Deployment, StatefulSet, DaemonSet, Job or CronJob is started over "
        "CRI as a kubelet starts it, with its init containers, sidecars, volumes, hooks and "
        "probes (docs/guides/kubernetes.md).",
    )
    group.add_argument(
        "--pod",
        metavar="FILE",
        type=Path,
        help="The manifest; the ConfigMaps and Secrets that it needs are further documents of the "
        "same file. Implies --engine cri. Default: no Pod.",
    )
    group.add_argument(
        "--container",
        metavar="[WORKLOAD/]NAME",
        help="The container of the manifest that is meant, and its workload where the file has "
        f"several. Default: {default}.",
    )
    group.add_argument(
        "--host-path",
        metavar="PATH",
        action="append",
        default=[],
        help="Agree that containers get this path of the host, as a hostPath volume of the "
        "manifest has it. May be repeated. Default: none.",
    )


def pod_of(options: argparse.Namespace) -> Pod | None:
    """The manifest's Pod, if one was named; UsageError, PodError."""
    if options.pod is None:
        if options.host_path or options.container:
            raise UsageError("--container and --host-path are about a manifest: give --pod FILE.")
        return None
    if options.compose:
        raise UsageError("--pod and --compose name two kinds of files: give one of them.")
    # Once: the file may be a pipe.
    if not hasattr(options, _READ):
        workload = (options.container or "").rpartition("/")[0]
        found = read_pod(options.pod, workload or None, Given(options.host_path))
        setattr(options, _READ, found)
    pod: Pod = getattr(options, _READ)
    return pod


def container_name(options: argparse.Namespace) -> str | None:
    """The container that was chosen, without its workload."""
    return (options.container or "").rpartition("/")[2] or None


def over_cri(choice: EngineChoice, pod: Pod | None) -> EngineChoice:
    """The choice of the engine; UsageError for one that starts no Pods."""
    if pod is None:
        return choice
    if choice.engine not in (None, PODS):
        raise UsageError(f"{choice.engine} starts no Pods: leave out --engine, or give cri.")
    return EngineChoice(PODS, choice.runtime)
