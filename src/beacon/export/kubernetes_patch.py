"""kubernetes.patch.yaml: the policy as a strategic merge patch for a manifest that is there.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/. Such a patch merges
containers by name, and replaces lists of words: those are written with what the user has in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from beacon.errors import UsageError
from beacon.export import kubernetes_sysctls
from beacon.export.kubernetes_security import container_security, on_every_node, pod_security
from beacon.export.kubernetes_volumes import volumes
from beacon.export.launched import origin
from beacon.export.manifest import Workload, fields, same_image, workloads
from beacon.export.pod_security_level import rate
from beacon.export.yaml_text import dump_all
from beacon.model.launch import strip_cap_prefix
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted

PATCH_FILE = "kubernetes.patch.yaml"


class Patch(NamedTuple):
    """The file, and a sentence on each thing of the user's that the policy would have otherwise."""

    content: bytes
    remarks: tuple[str, ...]


class _Target(NamedTuple):
    workload: Workload
    key: str  # the list that the container is in
    container: dict[str, Any]

    @property
    def name(self) -> str:
        return escape_untrusted(f"{self.container.get('name')} in {self.workload.name}")


def kubernetes_patch(
    policy: Policy, text: str, file: str, *, image: str | None = None, container: str | None = None
) -> Patch:
    """The patch for the containers of a manifest that run the policy's image.

    `image` is what the manifest calls it, by default as the policy does; of several in one Pod
    `container` is the one. Nothing of the user's is dropped. UsageError if no container runs the
    image, if several of one Pod do, and for one that no seccomp profile holds.
    """
    policy = policy.hardened()
    reference = image or policy.image.reference
    found = _targets(workloads(text, file), reference, container)
    if not found:
        raise UsageError(
            f"No container in {file} runs {escape_untrusted(reference)}: name the image as the "
            "manifest does with --image."
        )
    for each in found:
        _check(each)
    parts = [_part(policy, each) for each in found]
    remarks = [remark for part in parts for remark in part.remarks]
    comments = [*_comments(policy), *remarks]
    return Patch(dump_all((part.document for part in parts), comments), tuple(remarks))


def _comments(policy: Policy) -> Iterator[str]:
    yield origin(policy)
    yield "kustomization.yaml: `patches: [{path: kubernetes.patch.yaml}]`; or, for one resource:"
    yield "kubectl patch -f MANIFEST --patch-file kubernetes.patch.yaml"
    yield on_every_node(policy)


def _targets(found: Iterable[Workload], image: str, container: str | None) -> list[_Target]:
    targets = []
    for workload in found:
        running = [
            _Target(workload, key, each)
            for key, each in workload.containers()
            if isinstance(each.get("image"), str) and same_image(each["image"], image)
            if container is None or each.get("name") == container
        ]
        if len(running) > 1:
            names = escape_untrusted(", ".join(str(each.container.get("name")) for each in running))
            raise UsageError(
                f"Several containers of {escape_untrusted(workload.name)} run the image ({names}): "
                "choose one with --container."
            )
        targets += running
    return targets


def _check(target: _Target) -> None:
    if not isinstance(target.container.get("name"), str):
        workload = escape_untrusted(target.workload.name)
        raise UsageError(f"A container of {workload} has no name: give it one.")
    if fields(target.container.get("securityContext")).get("privileged"):
        raise UsageError(
            f"The container {target.name} is privileged, and no seccomp profile holds there: take "
            "`privileged` out first."
        )


class _Part(NamedTuple):
    document: dict[str, Any]
    remarks: list[str]


def _part(policy: Policy, target: _Target) -> _Part:
    spec = fields(target.workload.pod.get("spec"))
    there = fields(target.container.get("securityContext"))
    pod = fields(spec.get("securityContext"))
    security, remarks = _container(policy, target, {**pod, **there})
    patched: dict[str, Any] = {
        target.key: [{"name": target.container["name"], "securityContext": security}]
    }
    added, further = _pod(policy, spec)
    if added:
        patched = {"securityContext": added, **patched}
    remarks = [f"{target.name}: {remark}." for remark in remarks]
    of_pod = (*further, _rating(target, patched))
    remarks += [f"{escape_untrusted(target.workload.name)}: {remark}." for remark in of_pod]
    return _Part(_document(target.workload, patched), remarks)


def _document(workload: Workload, spec: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = {"spec": spec}
    for key in reversed(workload.path):
        inner = {key: inner}
    named = {"apiVersion": workload.api_version, "kind": workload.kind}
    return {**named, "metadata": workload.metadata, **inner}


def _pod(policy: Policy, spec: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Lists that grow, and lose nothing of what the user has; and what the user has otherwise."""
    wanted, there = pod_security(policy), fields(spec.get("securityContext"))
    added: dict[str, Any] = {}
    if missing := [
        g
        for g in wanted.get("supplementalGroups", ())
        if g not in _list(there, "supplementalGroups")
    ]:
        added["supplementalGroups"] = [*_list(there, "supplementalGroups"), *missing]
    new, remarks = _sysctls(wanted.get("sysctls", ()), _list(there, "sysctls"), spec)
    if new:
        added["sysctls"] = [*_list(there, "sysctls"), *new]
    return added, remarks


def _sysctls(
    wanted: Iterable[dict[str, str]], there: Iterable[Any], spec: dict[str, Any]
) -> tuple[list[dict[str, str]], list[str]]:
    known = {str(each.get("name")): each.get("value") for each in there if isinstance(each, dict)}
    new, remarks = [], []
    for each in wanted:
        name, value = each["name"], each["value"]
        if name in known:
            if str(known[name]) != value:
                remarks.append(f"{_shown(name)} stays {_shown(known[name])}, not {_shown(value)}")
        elif shared := kubernetes_sysctls.of_host(name, spec):
            remarks.append(f"no {_shown(name)}, for it has {shared}")
        else:
            new.append(each)
    return new, remarks


def _list(value: dict[str, Any], key: str) -> Sequence[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _container(
    policy: Policy, target: _Target, there: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What is added to a container, and what the user has otherwise; `there` with the Pod's."""
    wanted = container_security(policy)
    profile = wanted.pop("seccompProfile")
    remarks = list(_replaced(profile, fields(there.get("seccompProfile"))))
    capabilities, kept = _capabilities(wanted.pop("capabilities"), there)
    if kept:
        remarks.append(f"keeps {_shown(', '.join(kept))}, which the policy does not grant")
    forbidden = there.get("allowPrivilegeEscalation") is False
    may = wanted["allowPrivilegeEscalation"] and not forbidden
    if may or {"SYS_ADMIN", "ALL"} & set(kept):
        # True is what a manifest without it says; false, no API server takes with CAP_SYS_ADMIN.
        del wanted["allowPrivilegeEscalation"]
    remarks += _bearable(wanted, policy, target, there)
    remarks += [
        f"{key} stays {_shown(there[key])}, not {_shown(value)}"
        for key, value in wanted.items()
        if there.get(key) not in (None, value)
    ]
    missing = {key: value for key, value in wanted.items() if there.get(key) is None}
    return {"seccompProfile": profile, "capabilities": capabilities, **missing}, remarks


def _shown(value: Any) -> str:
    return escape_untrusted(str(value))


def _replaced(profile: dict[str, str], there: dict[str, Any]) -> Iterator[str]:
    if there and there != profile:
        was = _shown(there.get("localhostProfile") or there.get("type"))
        yield f"the seccomp profile {was} is replaced"


def _bearable(
    wanted: dict[str, Any], policy: Policy, target: _Target, there: dict[str, Any]
) -> Iterator[str]:
    """Takes out of `wanted` what would not go with what the user has, and says so."""
    user, recorded = there.get("runAsUser"), wanted.get("runAsUser")
    if user not in (None, recorded):
        # Of another user, group and runAsNonRoot would be somebody else's.
        for key in ("runAsUser", "runAsGroup", "runAsNonRoot"):
            wanted.pop(key, None)
        was = "that of the image" if recorded is None else recorded
        yield f"runAsUser stays {_shown(user)}; recorded was {was}"
    elif user is None and recorded == 0 and there.get("runAsNonRoot"):
        # A kubelet starts no container so.
        for key in ("runAsUser", "runAsGroup"):
            wanted.pop(key, None)
        yield "no runAsUser, for runAsNonRoot is true; recorded was 0"
    if wanted.get("readOnlyRootFilesystem") and (unmounted := _unmounted(policy, target)):
        del wanted["readOnlyRootFilesystem"]
        yield f"no readOnlyRootFilesystem, for it mounts nothing at {_shown(', '.join(unmounted))}"


def _capabilities(
    wanted: dict[str, list[str]], there: dict[str, Any]
) -> tuple[dict[str, list[str]], list[str]]:
    """Both lists whole, since a patch replaces them; and what the user adds to the policy's."""
    listed = fields(there.get("capabilities"))
    given = [strip_cap_prefix(str(each)) for each in _list(listed, "add")]
    dropped = [strip_cap_prefix(str(each)) for each in _list(listed, "drop")]
    added = wanted.get("add", [])
    kept = [each for each in dict.fromkeys(given) if each not in added]
    lists = {"drop": [*dict.fromkeys(["ALL", *dropped])], "add": [*added, *kept]}
    return {key: names for key, names in lists.items() if names}, kept


def _unmounted(policy: Policy, target: _Target) -> tuple[str, ...]:
    """What the policy's container had mounted to write to, and this one has not."""
    wanted = [each["mountPath"] for each in volumes(policy.launch)[0] if not each.get("readOnly")]
    mounts = _list(target.container, "volumeMounts")
    there = {
        str(each.get("mountPath")).rstrip("/")
        for each in mounts
        if isinstance(each, dict) and not each.get("readOnly")
    }
    return tuple(path for path in wanted if path.rstrip("/") not in there)


def _rating(target: _Target, patched: dict[str, Any]) -> str:
    """The level of the whole Pod after the patch."""
    spec = dict(fields(target.workload.pod.get("spec")))
    spec["securityContext"] = {
        **fields(spec.get("securityContext")),
        **patched.get("securityContext", {}),
    }
    (change,) = patched[target.key]
    spec[target.key] = [
        {
            **each,
            "securityContext": {**fields(each.get("securityContext")), **change["securityContext"]},
        }
        if each is target.container
        else each
        for each in spec[target.key]
    ]
    return rate({**target.workload.pod, "spec": spec}).sentence()
