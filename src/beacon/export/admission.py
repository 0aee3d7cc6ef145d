"""admission.yaml: ties an image's digest to its seccomp profile, in the API server of a cluster.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from beacon.errors import UsageError
from beacon.export.interface import OptionalExporter
from beacon.export.kubernetes_security import local_profile, on_every_node
from beacon.export.launched import origin
from beacon.export.manifest import spellings
from beacon.export.names import resource_name
from beacon.export.yaml_text import dump_all
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted

_API = "admissionregistration.k8s.io/v1"
#: https://github.com/distribution/reference: what a name with a digest is made of, no more.
_BY_DIGEST = re.compile(
    r"([a-z0-9][a-zA-Z0-9._:/-]*?)(?::[\w][\w.-]{0,127})?@(sha256:[0-9a-f]{64})", re.ASCII
)

#: All containers of a Pod: those that debug a running one have their own list.
_CONTAINERS = (
    "object.spec.containers"
    " + (has(object.spec.initContainers) ? object.spec.initContainers : [])"
    " + (has(object.spec.ephemeralContainers) ? object.spec.ephemeralContainers : [])"
)
#: `{0}`: a securityContext.
_NAMED = (
    "{0}.seccompProfile.type == 'Localhost' && has({0}.seccompProfile.localhostProfile)"
    " && {0}.seccompProfile.localhostProfile == variables.profile"
)
_HAS = "has({0}.securityContext) && has({0}.securityContext.seccompProfile)"
_TIED = (
    f"variables.tied.all(c, {_HAS.format('c')} ? {_NAMED.format('c.securityContext')}"
    " : variables.podHasProfile)"
)
_PRIVILEGED = (
    "variables.tied.all(c, !(has(c.securityContext) && has(c.securityContext.privileged)"
    " && c.securityContext.privileged))"
)

#: By a tag, or a digest by another algorithm, the same image would escape the other rules.
_BY_DIGEST_ONLY = (
    "variables.containers.all(c, !has(c.image) || c.image.contains('@sha256:')"
    " || !variables.names.exists(n, c.image == n || c.image.startsWith(n + ':')"
    " || c.image.startsWith(n + '@')))"
)


class AdmissionExporter(OptionalExporter):
    """A ValidatingAdmissionPolicy and its binding; `image` is the name with a digest.

    Without an `image` it is the policy's own name.
    """

    name = "admission"
    file = "admission.yaml"
    about = "a ValidatingAdmissionPolicy that ties the image's digest to its profile"

    def __init__(self, image: str | None = None) -> None:
        self._image = image

    def render(self, policy: Policy) -> bytes:
        """Both resources; UsageError for an image without a digest."""
        repository, digest = _parsed(self._image or policy.image.reference)
        name = f"beacon-{resource_name(policy.image.reference)}"
        rule = {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": _spec(repository, digest, local_profile(policy)),
        }
        binding = {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }
        return dump_all([rule, binding], _comments(policy))


def _comments(policy: Policy) -> Iterator[str]:
    yield origin(policy)
    yield "kubectl apply -f FILE; since Kubernetes 1.30."
    yield "The binding holds in all namespaces: add matchResources to try it in some."
    yield on_every_node(policy)
    yield "Another place (of the security-profiles-operator): change the variable `profile`."


def _parsed(image: str) -> tuple[str, str]:
    found = _BY_DIGEST.fullmatch(image)
    if not found:
        raise UsageError(
            f"{escape_untrusted(image[:200])} has no digest to tie a profile to: name the image "
            "with --image REPOSITORY@sha256:DIGEST."
        )
    return found[1], found[2]


def _spec(repository: str, digest: str, profile: str) -> dict[str, Any]:
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [_rule()]},
        # What a Pod runs cannot change but for its images: labels and finalizers can, always.
        "matchConditions": [
            {
                "name": "the-containers-change",
                "expression": "request.operation == 'CREATE' || object.spec != oldObject.spec",
            }
        ],
        "variables": [
            {"name": "profile", "expression": _text(profile)},
            {"name": "names", "expression": json.dumps(spellings(repository))},
            {"name": "containers", "expression": _CONTAINERS},
            {
                "name": "tied",
                "expression": f"variables.containers.filter(c, {_is(digest)})",
            },
            {
                "name": "podHasProfile",
                "expression": f"{_HAS.format('object.spec')}"
                f" && {_NAMED.format('object.spec.securityContext')}",
            },
        ],
        "validations": [
            _validation(_TIED, f"the image {digest} runs under the seccomp profile {profile} only"),
            _validation(
                _PRIVILEGED, f"the image {digest} has no profile in a privileged container"
            ),
            _validation(_BY_DIGEST_ONLY, f"the image {repository} is named by its SHA-256 digest"),
        ],
    }


def _rule() -> dict[str, Any]:
    return {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }


def _validation(expression: str, message: str) -> dict[str, Any]:
    return {"expression": expression, "message": message, "reason": "Forbidden"}


def _is(digest: str) -> str:
    return f"has(c.image) && c.image.endsWith({_text('@' + digest)})"


def _text(text: str) -> str:
    """A literal of CEL: plain words, in which a quoted string of JSON is the same."""
    return json.dumps(text)
