"""Patches for manifests, applied by kubectl."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest
import yaml
from kubernetes_validate.utils import all_versions

from beacon.errors import UsageError
from beacon.export.kubernetes_patch import Patch, kubernetes_patch
from beacon.export.manifest import same_image, spellings
from beacon.model.hardening import Hardening
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from golden import check_golden
from unit.export.policies import POLICIES, launched

GOLDEN = Path(__file__).with_name("golden")
IMAGE = "example/server:1"
SECURED: dict[str, Any] = {
    "capabilities": {"add": ["CHOWN", "CAP_NET_BIND_SERVICE"], "drop": ["NET_RAW"]},
    "runAsUser": 7,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD: dict[str, Any] = {
    "serviceAccountName": "web",
    "securityContext": {
        "fsGroup": 3,
        "supplementalGroups": [9],
        "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}],
    },
    "initContainers": [{"name": "prepare", "image": "busybox:1", "command": ["true"]}],
    "containers": [
        {
            "name": "web",
            "image": f"docker.io/{IMAGE}",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "value": "1"}],
            "securityContext": SECURED,
        },
        {"name": "beside", "image": "proxy:1", "securityContext": {"runAsUser": 1}},
    ],
}


def workload(kind: str, pod: dict[str, Any] = POD, name: str = "web") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": {"app": "web"}}
    made = {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    selector = {"selector": {"matchLabels": {"app": "web"}}}
    job = {"template": {**template, "spec": {**pod, "restartPolicy": "Never"}}}
    specs = {
        "Pod": ("v1", pod),
        "Job": ("batch/v1", job),
        "CronJob": ("batch/v1", {"schedule": "0 0 * * *", "jobTemplate": {"spec": job}}),
        "StatefulSet": ("apps/v1", {**selector, "serviceName": "web", "template": template}),
    }
    version, spec = specs.get(kind, ("apps/v1", {**selector, "template": template}))
    return {**made, "apiVersion": version, "spec": spec}


def patched(policy: Policy, *documents: dict[str, Any], **options: Any) -> Patch:
    text = yaml.safe_dump_all(documents, sort_keys=False)
    return kubernetes_patch(policy, text, "web.yaml", **options)


def applied(document: dict[str, Any], patch: Any, folder: Path) -> dict[str, Any]:
    """What kubectl makes of it, without a cluster."""
    file = folder / "manifest.json"
    file.write_text(json.dumps(document))
    command = ["kubectl", "patch", "--local", "--type=strategic", "-f", str(file), "-o", "json"]
    done = subprocess.run(
        [*command, "-p", json.dumps(patch)],
        capture_output=True,
        check=False,
        env={**os.environ, "KUBECONFIG": os.devnull},
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """What was there before and is not any more; words of a list may have another place."""
    if isinstance(before, dict):
        return [
            each
            for key, value in before.items()
            for each in lost(value, after.get(key), f"{path}/{key}")
        ]
    if isinstance(before, list):
        if all(isinstance(each, dict) and "name" in each for each in before):
            named = {each["name"]: each for each in after}
            return [each for one in before for each in lost(one, named.get(one["name"]), path)]
        words = {str(each).removeprefix("CAP_") for each in after}
        return [path for each in before if str(each).removeprefix("CAP_") not in words]
    return [path] if before != after else []


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job"])
@pytest.mark.parametrize("name", ["plain", "restricted", "equipped"])
def test_kubectl_applies_it_and_nothing_is_lost(name: str, kind: str, tmp_path: Path) -> None:
    policy, document = POLICIES[name](), workload(kind)
    (patch,) = yaml.safe_load_all(patched(policy, document).content)
    result = applied(document, patch, tmp_path)
    assert {path.partition("securityContext/")[2] for path in lost(document, result)} == {
        "seccompProfile/type"
    }
    for version in (all_versions()[0], all_versions()[-1]):
        kubernetes_validate.validate(result, version, strict=True)
    pod = result["spec"] if kind == "Pod" else result["spec"]["template"]["spec"]
    web, beside = pod["containers"]
    assert beside == POD["containers"][1]
    assert (
        web["securityContext"]["seccompProfile"]["localhostProfile"]
        == "beacon/example-server-1.json"
    )
    assert {"ALL", "NET_RAW"} <= set(web["securityContext"]["capabilities"]["drop"])
    assert web["securityContext"]["runAsUser"] == 7


def test_golden_of_several_documents() -> None:
    documents = [
        workload("Deployment"),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {}},
        workload("CronJob", {"containers": [{"name": "job", "image": IMAGE}]}, "nightly"),
        {"apiVersion": "v1", "kind": "List", "items": [workload("DaemonSet", name="each")]},
    ]
    patch = patched(POLICIES["plain"](), *documents)
    check_golden(GOLDEN / "plain.kubernetes.patch.yaml", patch.content)
    kinds = [each["kind"] for each in yaml.safe_load_all(patch.content)]
    assert kinds == ["Deployment", "CronJob", "DaemonSet"]


def test_what_the_user_has_otherwise_is_said() -> None:
    remarks = patched(POLICIES["plain"](), workload("Pod")).remarks
    assert [each.removeprefix("web in Pod web: ") for each in remarks[:-1]] == [
        "the seccomp profile RuntimeDefault is replaced.",
        "keeps CHOWN, which the policy does not grant.",
        "runAsUser stays 7; recorded was that of the image.",
    ]
    assert remarks[-1].startswith("Pod web: Pod Security level: baseline; not restricted: ")


def test_hardening_goes_where_it_can() -> None:
    hardening = Hardening(
        runs=(), user="1000:1000", read_only=True, tmpfs=("/run",), no_new_privileges=True
    )
    policy = msgspec.structs.replace(launched(Launch()), hardening=hardening)
    alone = {"containers": [{"name": "a", "image": IMAGE}]}
    patch = patched(policy, workload("Pod", alone))
    (container,) = yaml.safe_load(patch.content)["spec"]["containers"]
    assert container["securityContext"]["runAsNonRoot"] is True
    assert "readOnlyRootFilesystem" not in container["securityContext"]
    assert "for it mounts nothing at /run" in patch.remarks[0]
    mounted = {"name": "a", "image": IMAGE, "volumeMounts": [{"name": "v", "mountPath": "/run/"}]}
    volumes = [{"name": "v", "emptyDir": {}}]
    patch = patched(policy, workload("Pod", {"containers": [mounted], "volumes": volumes}))
    (container,) = yaml.safe_load(patch.content)["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert patch.remarks == ("Pod web: Pod Security level: restricted.",)


def test_privilege_escalation_is_left_alone_with_cap_sys_admin() -> None:
    mine = {
        "name": "a",
        "image": IMAGE,
        "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}},
    }
    patch = patched(POLICIES["restricted"](), workload("Pod", {"containers": [mine]}))
    (container,) = yaml.safe_load(patch.content)["spec"]["containers"]
    assert "allowPrivilegeEscalation" not in container["securityContext"]


def spec_and_remarks(policy: Policy, **pod: Any) -> tuple[dict[str, Any], str]:
    """What the patch has of a Pod with one container, and what it says."""
    own = pod.pop("container", {})
    document = workload("Pod", {"containers": [{"name": "a", "image": IMAGE, **own}], **pod})
    patch = patched(policy, document)
    found: dict[str, Any] = yaml.safe_load(patch.content)["spec"]
    return found, "\n".join(patch.remarks)


SYSCTLS = Launch(sysctl=("net.ipv4.tcp_syncookies=1", "kernel.msgmax=9"))


def test_a_sysctl_that_the_user_has_otherwise_stays_and_is_said() -> None:
    context = {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}]}
    spec, said = spec_and_remarks(launched(SYSCTLS), securityContext=context)
    assert spec["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.tcp_syncookies", "value": "0"},
        {"name": "kernel.msgmax", "value": "9"},
    ]
    assert "Pod web: net.ipv4.tcp_syncookies stays 0, not 1." in said


@pytest.mark.parametrize(
    ("field", "name", "other"),
    [
        ("hostNetwork", "net.ipv4.tcp_syncookies", "kernel.msgmax"),
        ("hostIPC", "kernel.msgmax", "net.ipv4.tcp_syncookies"),
    ],
)
def test_no_sysctl_of_the_host_which_no_kubelet_admits(field: str, name: str, other: str) -> None:
    spec, said = spec_and_remarks(launched(SYSCTLS), **{field: True})
    assert [each["name"] for each in spec["securityContext"]["sysctls"]] == [other]
    assert f"Pod web: no {name}, for it has {field}." in said
    both, _ = spec_and_remarks(launched(SYSCTLS), hostNetwork=True, hostIPC=True)
    assert "securityContext" not in both


@pytest.mark.parametrize("where", ["securityContext", "container"])
def test_no_root_where_the_user_forbids_it(where: str) -> None:
    forbids = {"runAsNonRoot": True}
    given = {where: forbids if where == "securityContext" else {"securityContext": forbids}}
    spec, said = spec_and_remarks(launched(Launch(user="0:0")), **given)
    (container,) = spec["containers"]
    assert not {"runAsUser", "runAsGroup"} & container["securityContext"].keys()
    assert "no runAsUser, for runAsNonRoot is true; recorded was 0." in said


def test_a_forbidden_escalation_stays_and_is_said() -> None:
    own = {"securityContext": {"allowPrivilegeEscalation": False}}
    spec, said = spec_and_remarks(launched(Launch()), container=own)
    (container,) = spec["containers"]
    assert "allowPrivilegeEscalation" not in container["securityContext"]
    assert "allowPrivilegeEscalation stays False, not True." in said


def several() -> dict[str, Any]:
    return {
        "initContainers": [{"name": "migrate", "image": IMAGE}],
        "containers": [{"name": "web", "image": IMAGE}],
    }


def test_of_several_one_is_chosen() -> None:
    document = workload("Deployment", several())
    with pytest.raises(UsageError, match=r"\(migrate, web\): choose one with --container"):
        patched(POLICIES["plain"](), document)
    patch = patched(POLICIES["plain"](), document, container="migrate")
    spec = yaml.safe_load(patch.content)["spec"]["template"]["spec"]
    assert list(spec) == ["initContainers"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "No container in web.yaml runs example/server:1"),
        (
            "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}",
            "No container",
        ),
        ("a: &a 1\nb: *a", "alias"),
        ("{{ if .Values.x }}", "cannot be read"),
        ("kind: Pod\nspec: {containers: []}", "without a name"),
        ("kind: Pod\nmetadata: {name: 1}", "without a name"),
        (
            f"kind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{image: '{IMAGE}'}}]}}",
            "has no name",
        ),
        (
            f"kind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{IMAGE}', "
            "securityContext: {privileged: true}}]}",
            "is privileged",
        ),
        ("- 1\n--- 2", "No container"),
        ("kind: [Pod]\nmetadata: {name: a}", "No container"),
        ("kind: Pod\nmetadata: {name: a}\nspec: {containers: [1, {image: 3}, {}]}", "No container"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_what_is_refused_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        kubernetes_patch(POLICIES["plain"](), text, "web.yaml")
    assert str(caught.value).isprintable()


def test_the_manifest_may_call_the_image_otherwise() -> None:
    digest = f"mirror.example/server@sha256:{'1' * 64}"
    document = workload("Pod", {"containers": [{"name": "a", "image": digest}]})
    with pytest.raises(UsageError, match="--image"):
        patched(POLICIES["plain"](), document)
    assert patched(POLICIES["plain"](), document, image=digest).content


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("nginx", "docker.io/library/nginx:latest", True),
        ("nginx:1", "index.docker.io/library/nginx:1", True),
        ("a/b:1", "docker.io/a/b:1", True),
        ("localhost/a:1", "a:1", False),
        ("host:5000/a", "host:5000/a:latest", True),
        ("nginx:1", "nginx:2", False),
        ("nginx:1@sha256:aa", "nginx@sha256:aa", True),
        ("nginx@sha256:aa", "nginx@sha256:bb", False),
        ("nginx:1", "nginx@sha256:aa", False),
    ],
)
def test_names_of_one_image(one: str, other: str, same: bool) -> None:
    assert same_image(one, other) is same
    assert same_image(other, one) is same


@pytest.mark.parametrize(
    ("repository", "number"), [("nginx", 6), ("library/nginx", 6), ("a/b", 3), ("host:5000/a/b", 1)]
)
def test_all_names_of_a_repository_are_of_one_image(repository: str, number: int) -> None:
    names = spellings(repository)
    assert len(set(names)) == number
    assert all(same_image(repository, each) for each in names)
