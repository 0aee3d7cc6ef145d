"""The values where charts put them."""

from __future__ import annotations

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate.utils import all_versions

from beacon.export.helm import HelmExporter
from unit.export.policies import POLICIES


@pytest.mark.parametrize("version", [all_versions()[0], all_versions()[-1]])
@pytest.mark.parametrize("name", POLICIES)
def test_a_pod_takes_them(name: str, version: str) -> None:
    values = yaml.safe_load(HelmExporter().render(POLICIES[name]()))
    assert values["securityContext"] == values["containerSecurityContext"]
    container = {"name": "a", "image": "a", "securityContext": values["securityContext"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [container], "securityContext": values["podSecurityContext"]},
    }
    kubernetes_validate.validate(pod, version, strict=True)
