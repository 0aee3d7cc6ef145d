"""seccompprofile.yaml: the profile as a resource of Kubernetes' security-profiles-operator.

https://github.com/kubernetes-sigs/security-profiles-operator
"""

from __future__ import annotations

from beacon.export.interface import Exporter
from beacon.export.names import resource_name
from beacon.export.seccomp import DEFAULT_ACTION, architectures, plain, rules
from beacon.export.yaml_text import dump
from beacon.model.policy import Policy


class SeccompProfileExporter(Exporter):
    """A SeccompProfile: the operator puts it on every node.

    The resource has no default errno; runtimes take EPERM, which is seccomp.json's as well
    (https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp).
    """

    file = "seccompprofile.yaml"

    def render(self, policy: Policy) -> bytes:
        """The resource, without a namespace: newer operators know none."""
        name = resource_name(policy.image.reference)
        document = {
            "apiVersion": "security-profiles-operator.x-k8s.io/v1beta1",
            "kind": "SeccompProfile",
            "metadata": {"name": name},
            "spec": {
                "defaultAction": DEFAULT_ACTION,
                "architectures": architectures(policy),
                "syscalls": [plain(rule) for rule in rules(policy)],
            },
        }
        comments = (
            f"Written by BeaCon {policy.beacon} for {policy.image.reference}.",
            "The operator's status shows the localhostProfile that a Pod has to name:",
            f"kubectl get seccompprofile {name} -o jsonpath='{{.status.localhostProfile}}'",
        )
        return dump(document, comments)
