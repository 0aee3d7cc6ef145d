"""The admission policy's expressions, evaluated on Pods by another implementation of CEL."""

from __future__ import annotations

import copy
from typing import Any

import celpy
import kubernetes_validate
import msgspec
import pytest
import yaml
from celpy.adapter import json_to_cel
from kubernetes_validate.utils import all_versions

from beacon.errors import UsageError
from beacon.export.admission import AdmissionExporter
from unit.export.policies import POLICIES

DIGEST, OTHER = (f"sha256:{digit * 64}" for digit in "1e")
IMAGE = f"example/server:1@{DIGEST}"
PROFILE = {"type": "Localhost", "localhostProfile": "beacon/example-server-1.json"}
TIED, PRIVILEGED, TAGGED = range(3)


def resources(image: str | None = IMAGE) -> tuple[dict[str, Any], dict[str, Any]]:
    policy, binding = yaml.safe_load_all(AdmissionExporter(image).render(POLICIES["plain"]()))
    return policy, binding


def evaluated(expression: str, activation: dict[str, Any]) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression)).evaluate(activation)


def failures(pod: dict[str, Any], old: dict[str, Any] | None = None) -> list[int] | None:
    """The validations that a request fails, by number; None if the policy is not about it."""
    spec = resources()[0]["spec"]
    request = {"operation": "CREATE" if old is None else "UPDATE"}
    given = {
        "object": json_to_cel(pod),
        "oldObject": json_to_cel(old),
        "request": json_to_cel(request),
    }
    if not all(evaluated(each["expression"], given) for each in spec["matchConditions"]):
        return None
    variables = celpy.celtypes.MapType()
    for each in spec["variables"]:
        value = evaluated(each["expression"], {**given, "variables": variables})
        variables[celpy.celtypes.StringType(each["name"])] = value
    activation = {**given, "variables": variables}
    return [
        number
        for number, each in enumerate(spec["validations"])
        if not evaluated(each["expression"], activation)
    ]


def container(image: str = IMAGE, profile: Any = None, **security: Any) -> dict[str, Any]:
    if profile is not None:
        security["seccompProfile"] = profile
    made: dict[str, Any] = {"name": "a", "image": image}
    return {**made, "securityContext": security} if security else made


def pod(*containers: dict[str, Any], profile: Any = None, **lists: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": list(containers), **lists}
    if profile is not None:
        spec["securityContext"] = {"seccompProfile": profile}
    return {"metadata": {"labels": {}}, "spec": spec}


NOT_OURS = container("other:1")


@pytest.mark.parametrize(
    "found",
    [
        pod(container(profile=PROFILE)),
        pod(container(), profile=PROFILE),
        pod(container(f"example/server@{DIGEST}", PROFILE)),
        pod(container(f"mirror.example/any@{DIGEST}", PROFILE)),
        pod(container(profile=PROFILE), profile={"type": "Unconfined"}),
        pod(NOT_OURS),
        pod(container("other:1", {"type": "Unconfined"}, privileged=True)),
        pod(container(f"example/server@{OTHER}")),
        pod(NOT_OURS, initContainers=[container(profile=PROFILE)]),
        pod(NOT_OURS, ephemeralContainers=[container(profile=PROFILE)]),
        pod(NOT_OURS, ephemeralContainers=[container()], profile=PROFILE),
        pod(container(profile=PROFILE, privileged=False)),
        pod(container("example/server-of-others:1")),
        pod(container("mirror.example/example/server:1")),
    ],
)
def test_what_passes(found: dict[str, Any]) -> None:
    assert failures(found) == []


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        (pod(container()), TIED),
        (pod(container(readOnlyRootFilesystem=True)), TIED),
        (pod(container(profile={"type": "RuntimeDefault"})), TIED),
        (pod(container(profile={"type": "Unconfined"}), profile=PROFILE), TIED),
        (pod(container(profile={**PROFILE, "localhostProfile": "other.json"})), TIED),
        (pod(container(profile={"type": "Localhost"})), TIED),
        (pod(container(), profile={"type": "RuntimeDefault"}), TIED),
        (pod(container(profile=PROFILE), container()), TIED),
        (pod(NOT_OURS, initContainers=[container()]), TIED),
        (pod(NOT_OURS, ephemeralContainers=[container()]), TIED),
        (pod(NOT_OURS, initContainers=[NOT_OURS], ephemeralContainers=[container()]), TIED),
        (pod(container(profile=PROFILE, privileged=True)), PRIVILEGED),
        (pod(container("example/server:1", PROFILE)), TAGGED),
        (pod(container("example/server", PROFILE)), TAGGED),
        (pod(container("docker.io/example/server:1", PROFILE)), TAGGED),
        (pod(container(f"example/server@sha512:{'1' * 128}")), TAGGED),
        (pod(container(f"docker.io/example/server@sha512:{'1' * 128}")), TAGGED),
        (pod(NOT_OURS, ephemeralContainers=[container("example/server:2")]), TAGGED),
    ],
)
def test_what_fails(found: dict[str, Any], rule: int) -> None:
    assert failures(found) == [rule]


def test_an_update_that_changes_no_container_passes() -> None:
    old = pod(container())
    new = copy.deepcopy(old)
    new["metadata"]["labels"] = {"a": "b"}
    assert failures(new, old) is None
    new["spec"]["ephemeralContainers"] = [container()]
    assert failures(new, old) == [TIED]


@pytest.mark.parametrize("version", all_versions()[-3:])
def test_kubernetes_knows_the_resources(version: str) -> None:
    for resource in resources():
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_binding_is_of_the_policy() -> None:
    policy, binding = resources()
    assert binding["spec"]["policyName"] == policy["metadata"]["name"] == "beacon-example-server-1"


@pytest.mark.parametrize(
    "image",
    [None, "example/server:1", f"a'@{DIGEST}", f"A B@{DIGEST}", f"a@{DIGEST}\n", "a@sha256:1"],
)
def test_an_image_without_a_digest_is_refused(image: str | None) -> None:
    with pytest.raises(UsageError, match="has no digest"):
        resources(image)


def test_a_profiled_digest_is_enough() -> None:
    policy = POLICIES["plain"]()
    image = msgspec.structs.replace(policy.image, reference=f"host:5000/a/b:1@{DIGEST}")
    raw = AdmissionExporter().render(msgspec.structs.replace(policy, image=image)).decode()
    assert '"[\\"host:5000/a/b\\"]"' in raw
