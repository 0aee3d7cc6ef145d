"""helm.values.yaml: the policy under the keys that charts commonly read.

`helm create` makes charts with podSecurityContext and securityContext
(https://helm.sh/docs/helm/helm_create/), Bitnami's have podSecurityContext and
containerSecurityContext (https://github.com/bitnami/charts).
"""

from __future__ import annotations

from collections.abc import Iterator

from beacon.export import kubernetes_sysctls
from beacon.export.interface import OptionalExporter
from beacon.export.kubernetes_security import container_security, on_every_node, pod_security
from beacon.export.launched import origin, proof
from beacon.export.yaml_text import dump
from beacon.model.policy import Policy

_POD, _CONTAINER = "podSecurityContext", ("securityContext", "containerSecurityContext")


class HelmExporter(OptionalExporter):
    """Values of three keys; a chart takes those that it has, and ignores the others."""

    name = "helm"
    file = "helm.values.yaml"
    about = "values for a Helm chart: the securityContext of Pod and container"

    def render(self, policy: Policy) -> bytes:
        """The values, for `helm upgrade -f`."""
        policy = policy.hardened()
        container = container_security(policy)
        values = {_POD: pod_security(policy), **dict.fromkeys(_CONTAINER, container)}
        return dump(values, _comments(policy))


def _comments(policy: Policy) -> Iterator[str]:
    yield origin(policy)
    yield from proof(policy)
    yield "helm upgrade --install RELEASE CHART -f helm.values.yaml"
    yield "Each chart names its keys itself: delete those that yours does not have."
    yield f"{_POD}: of the Pod, in charts as `helm create` makes them and in Bitnami's."
    yield "securityContext: of the container, in charts as `helm create` makes them."
    yield "containerSecurityContext: of the container, in Bitnami's charts."
    yield "In some charts securityContext is the Pod's: `helm template` shows where it arrives."
    yield "A chart may use the keys for every container: each gets this profile then."
    yield on_every_node(policy)
    yield from kubernetes_sysctls.remarks(policy)
