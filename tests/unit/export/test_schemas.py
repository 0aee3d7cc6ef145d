"""Each format against the schema of those who read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from kubernetes_validate.utils import all_versions

from beacon.export.compose import ComposeExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.seccomp_profile import SeccompProfileExporter
from unit.export.policies import POLICIES

#: The oldest and the newest that the package has.
KUBERNETES = (all_versions()[0], all_versions()[-1])


def rendered(exporter: Exporter, name: str) -> dict[str, Any]:
    document = yaml.safe_load(exporter.render(POLICIES[name]()))
    assert isinstance(document, dict)
    return document


def complaints(document: object, schema: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", POLICIES)
def test_compose(name: str) -> None:
    document = rendered(ComposeExporter(), name)
    assert complaints(document, get_builtin_schema("vendor.compose-spec")) == []


def test_the_schema_of_compose_refuses_unknown_keys() -> None:
    document = rendered(ComposeExporter(), "plain")
    document["services"]["example-server-1"]["capabilities"] = []
    assert complaints(document, get_builtin_schema("vendor.compose-spec"))


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", POLICIES)
def test_kubernetes(name: str, version: str) -> None:
    kubernetes_validate.validate(rendered(KubernetesExporter(), name), version, strict=True)


def test_the_schema_of_kubernetes_refuses_unknown_keys() -> None:
    document = rendered(KubernetesExporter(), "plain")
    document["spec"]["containers"][0]["securityContext"]["noNewPrivileges"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("name", POLICIES)
def test_security_profiles_operator(name: str) -> None:
    schema = json.loads(Path(__file__).with_name("seccompprofile.schema.json").read_bytes())
    assert complaints(rendered(SeccompProfileExporter(), name), schema) == []
