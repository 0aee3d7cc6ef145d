"""A launch in compose's and in Kubernetes' words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from beacon.export.compose import ComposeExporter
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.model.environment import Environment
from beacon.model.launch import Launch
from beacon.model.policy import Replay
from beacon.model.run import Ending
from unit.export.policies import launched


def text(exporter: Exporter, launch: Launch, *capabilities: str) -> str:
    policy = launched(launch, capabilities=capabilities)
    return exporter.render(policy).decode()


def service(launch: Launch, *capabilities: str) -> dict[str, Any]:
    document = yaml.safe_load(text(ComposeExporter(), launch, *capabilities))
    return dict(document["services"]["example-server-1"])


def container(launch: Launch, *capabilities: str) -> dict[str, Any]:
    document = yaml.safe_load(text(KubernetesExporter(), launch, *capabilities))
    return dict(document["spec"]["containers"][0])


def security(launch: Launch, *capabilities: str) -> dict[str, Any]:
    return dict(container(launch, *capabilities)["securityContext"])


def test_a_plain_launch_adds_nothing() -> None:
    rights = {"security_opt": ["seccomp=./seccomp.json"], "cap_drop": ["ALL"]}
    assert service(Launch()) == {"image": "example/server:1", **rights}
    assert set(container(Launch())) == {"name", "image", "securityContext"}


def test_no_capability_that_the_launch_takes_away() -> None:
    both = ("CAP_CHOWN", "CAP_KILL")
    assert service(Launch(), *both)["cap_add"] == ["CHOWN", "KILL"]
    assert service(Launch(cap_drop=("cap_kill",)), *both)["cap_add"] == ["CHOWN"]
    assert "cap_add" not in service(Launch(cap_drop=("ALL",)), *both)
    assert " --cap-add CHOWN\n" in text(DockerArgsExporter(), Launch(cap_drop=("KILL",)), *both)
    launch = Launch(cap_drop=("ALL",), cap_add=("KILL",))
    assert security(launch, *both)["capabilities"] == {"drop": ["ALL"], "add": ["KILL"]}


def test_privileges() -> None:
    assert "no-new-privileges" in service(Launch(no_new_privileges=True))["security_opt"]
    assert security(Launch())["allowPrivilegeEscalation"] is True
    assert security(Launch(no_new_privileges=True))["allowPrivilegeEscalation"] is False


def test_an_administrator_may_always_escalate() -> None:
    launch = Launch(no_new_privileges=True)
    assert security(launch, "CAP_SYS_ADMIN")["allowPrivilegeEscalation"] is True
    assert "Profile the image without it." in text(KubernetesExporter(), launch, "CAP_SYS_ADMIN")
    assert "Profile the image" not in text(KubernetesExporter(), launch, "CAP_KILL")


@pytest.mark.parametrize(
    ("user", "ids"),
    [
        ("1000", {"runAsUser": 1000, "runAsNonRoot": True}),
        ("1000:0", {"runAsUser": 1000, "runAsGroup": 0, "runAsNonRoot": True}),
        ("0", {"runAsUser": 0}),
        ("redis", {}),
        ("1000:redis", {}),
        ("99999999999", {}),
        ("", {}),
    ],
)
def test_users(user: str, ids: dict[str, Any]) -> None:
    found = security(Launch(user=user))
    assert {key: value for key, value in found.items() if key.startswith("runAs")} == ids
    remark = "--user" in text(KubernetesExporter(), Launch(user=user))
    assert remark == (not ids)


def test_an_entry_point_taken_away() -> None:
    launch = Launch(entrypoint="", command=("/bin/true", "x"))
    assert service(launch)["entrypoint"] == [""]
    assert container(launch)["command"] == ["/bin/true", "x"]
    assert "args" not in container(launch)


@pytest.mark.parametrize(
    ("size", "quantity"),
    [("64m", "64Mi"), ("1.5G", "1.5Gi"), ("512kb", "512Ki"), ("100b", "100"), ("4096", "4096")],
)
def test_sizes(size: str, quantity: str) -> None:
    limits = container(Launch(memory=size))["resources"]["limits"]
    assert limits == {"memory": quantity}


def test_a_size_that_is_none() -> None:
    assert "resources" not in container(Launch(memory="much"))


def test_what_belongs_to_the_host_is_named_only() -> None:
    launch = Launch(
        network="container:peer",
        ipc="container:peer",
        volumes=("/srv/private:/data", "./here:/here"),
        env=("my var=1",),
    )
    assert set(service(launch)) == {"image", "security_opt", "cap_drop"}
    assert set(container(launch)) == {"name", "image", "securityContext"}
    for exporter in (ComposeExporter(), KubernetesExporter()):
        remarks = text(exporter, launch)
        assert "--ipc, --network" in remarks
        assert "mounted at /data" in remarks
        assert "mounted at /here" in remarks
        assert "To add: the variable my var" in remarks
        assert "private" not in remarks
        assert "peer" not in remarks


def test_a_job_is_not_started_again_and_its_input_ends() -> None:
    launch = Launch(stdin="/data/in", stdin_sha256="00", interactive=True)
    policy = launched(launch)
    assert "restartPolicy" not in KubernetesExporter().render(policy).decode()
    replay = Replay(
        environment=Environment(),
        workload="none",
        ending=Ending.FINISHED,
        exit_code=0,
        checks=(),
        denied=(),
        refused=(),
    )
    policy = msgspec.structs.replace(policy, replays=(replay,))
    document = KubernetesExporter().render(policy).decode()
    spec = yaml.safe_load(document)["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["containers"][0]["stdin"] is spec["containers"][0]["stdinOnce"] is True
    for text_of_it in (document, ComposeExporter().render(policy).decode()):
        assert "# To add: the file that was its standard input" in text_of_it
        assert "/data/in" not in text_of_it
    assert service(launch)["stdin_open"] is True
