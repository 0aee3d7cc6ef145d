"""The Pod Security Standards' own criteria, control by control."""

from __future__ import annotations

from typing import Any

import pytest

from beacon.export.pod_security_level import Level, Rating, rate

_CONTEXT: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
    "capabilities": {"drop": ["ALL"]},
}


def pod(container: Any = None, context: Any = None, **spec: Any) -> dict[str, Any]:
    """A Pod that meets all of restricted, but for what is given."""
    one = {"name": "a", "securityContext": {**_CONTEXT, **(context or {})}, **(container or {})}
    return {"metadata": {}, "spec": {"containers": [one], **spec}}


def test_nothing_forbidden_is_restricted() -> None:
    assert rate(pod()) == Rating(Level.RESTRICTED)


@pytest.mark.parametrize(
    "found",
    [
        pod(hostNetwork=True),
        pod(hostPID=True),
        pod(hostIPC=True),
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        pod({"ports": [{"hostPort": 80}]}),
        pod({"livenessProbe": {"httpGet": {"host": "a"}}}),
        pod({"lifecycle": {"preStop": {"tcpSocket": {"host": "a"}}}}),
        pod(context={"privileged": True}),
        pod(context={"procMount": "Unmasked"}),
        pod(context={"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}),
        pod(context={"seccompProfile": {"type": "Unconfined"}}),
        pod(context={"appArmorProfile": {"type": "Unconfined"}}),
        pod(context={"seLinuxOptions": {"type": "spc_t"}}),
        pod(context={"seLinuxOptions": {"role": "r"}}),
        pod(context={"windowsOptions": {"hostProcess": True}}),
        pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
        pod(initContainers=[{"securityContext": {**_CONTEXT, "privileged": True}}]),
        pod(ephemeralContainers=[{"securityContext": {**_CONTEXT, "privileged": True}}]),
        {
            **pod(),
            "metadata": {
                "annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}
            },
        },
    ],
)
def test_what_baseline_forbids(found: dict[str, Any]) -> None:
    rating = rate(found)
    assert rating.level is Level.PRIVILEGED
    assert len(rating.reasons) == 1
    assert "; not baseline: " in rating.sentence()


@pytest.mark.parametrize(
    "found",
    [
        pod(volumes=[{"name": "v", "nfs": {}}]),
        pod(context={"allowPrivilegeEscalation": None}),
        pod(context={"runAsNonRoot": None}),
        pod(context={"runAsUser": 0}),
        pod(context={"seccompProfile": None}),
        pod(context={"capabilities": {"drop": ["NET_RAW"]}}),
        pod(context={"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}),
        pod(securityContext={"runAsUser": 0}),
        pod(securityContext={"runAsNonRoot": False}),
        pod(initContainers=[{"securityContext": {**_CONTEXT, "runAsNonRoot": False}}]),
    ],
)
def test_what_restricted_forbids(found: dict[str, Any]) -> None:
    rating = rate(found)
    assert rating.level is Level.BASELINE
    assert len(rating.reasons) == 1
    assert "; not restricted: " in rating.sentence()


@pytest.mark.parametrize(
    "found",
    [
        pod(context={"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}),
        pod(
            context={"seccompProfile": None},
            securityContext={"seccompProfile": {"type": "Localhost"}},
        ),
        pod(context={"runAsNonRoot": None}, securityContext={"runAsNonRoot": True}),
        pod(volumes=[{"name": "v", "emptyDir": {}}], securityContext={"runAsUser": 1}),
        pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}),
        pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1 2 3"}]}),
        {
            **pod(),
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": ""}},
        },
    ],
)
def test_what_restricted_allows(found: dict[str, Any]) -> None:
    assert rate(found).level is Level.RESTRICTED


def with_lists(value: Any) -> Any:
    """The document with a list in place of every word."""
    if isinstance(value, dict):
        return {key: with_lists(inner) for key, inner in value.items()}
    return [with_lists(each) for each in value] if isinstance(value, list) else [{}]


SHAPES: tuple[Any, ...] = (
    *(None, [], {}, {"spec": []}, {"spec": {"containers": [1, {}]}}),
    with_lists(
        pod(
            {"ports": [{"hostPort": 1}]},
            {"seLinuxOptions": {"type": "a"}, "procMount": "a", "appArmorProfile": {"type": "a"}},
            securityContext={"sysctls": [{"name": "a"}], "seccompProfile": {"type": "a"}},
            volumes=[{"name": "a"}],
        )
    ),
)


@pytest.mark.parametrize("found", SHAPES)
def test_no_shape_is_a_traceback(found: Any) -> None:
    assert rate(found).sentence().startswith("Pod Security level: ")
