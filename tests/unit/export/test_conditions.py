"""Every field of a launch is in each file, named beside it, or of no consequence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import yaml

from beacon.export.compose import ComposeExporter
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.launched import OF_NO_CONSEQUENCE, again
from beacon.export.quadlet import QuadletExporter
from beacon.export.seccomp import SeccompExporter
from beacon.export.seccomp_profile import SeccompProfileExporter
from beacon.model.environment import Environment
from beacon.model.launch import Launch
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending
from unit.export.policies import EQUIPPED, launched

#: What EQUIPPED has not: a new field needs a value here.
_FURTHER: dict[str, Any] = {
    "cap_add": ("SYS_NICE",),
    "cap_drop": ("KILL",),
    "cpu_period": 50_000,
    "cpu_quota": 25_000,
    "cpuset_mems": "0",
    "device_cgroup_rule": ("c 10:229 rwm",),
    "dns_option": ("ndots:2",),
    "dns_search": ("example.org",),
    "domainname": "example",
    "health_interval": "5s",
    "health_retries": 5,
    "health_start_period": "1m",
    "health_timeout": "2s",
    "ip": "192.0.2.9",
    "ip6": "2001:db8::9",
    "job": True,
    "memory_reservation": "32m",
    "network_alias": ("server",),
    "no_healthcheck": True,
    "oom_kill_disable": True,
    "platform": "linux/amd64",
    "userns": "host",
    "volumes_from": ("other:ro",),
    "mac_address": "02:42:ac:11:00:02",
    "ready_after": 1.0,
    "ready_log": "ready",
    "ready_timeout": 9.0,
    "seccomp": "unconfined",
    "stdin": "/data/in",
    "stdin_sha256": "00",
    "storage_opt": ("size=1g",),
}
_SPELT = {
    "apparmor": "--security-opt apparmor",
    "command": "the command",
    "stdin": "standard input",
    "volumes": "--volume",
}
FIELDS = Launch.__struct_fields__


def value(field: str) -> Any:
    return _FURTHER[field] if field in _FURTHER else getattr(EQUIPPED, field)


def policy(**fields: Any) -> Policy:
    made = launched(Launch(**fields), capabilities=("CAP_KILL",))
    ending = Ending.FINISHED if fields.get("job") else Ending.SERVED
    replay = Replay(
        environment=Environment(),
        workload="none",
        ending=ending,
        exit_code=0,
        checks=(),
        denied=(),
        refused=(),
    )
    return msgspec.structs.replace(made, replays=(replay,))


def parts(exporter: Exporter, made: Policy) -> tuple[Any, str]:
    """What a file holds, and what it says beside it."""
    text = exporter.render(made).decode()
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    return yaml.safe_load(text), "\n".join(remarks)


def in_yaml(exporter: Exporter) -> Callable[[str], tuple[bool, str]]:
    def look(field: str) -> tuple[bool, str]:
        held, said = parts(exporter, policy(**{field: value(field)}))
        return held != parts(exporter, policy())[0], said

    return look


def in_unit(field: str) -> tuple[bool, str]:
    """What a unit holds, and its remarks."""
    texts = [
        QuadletExporter().render(each).decode()
        for each in (policy(**{field: value(field)}), policy())
    ]
    (held, plain), said = (text.partition("[Container]")[2] for text in texts), texts[0]
    return held != plain, "\n".join(line for line in said.splitlines() if line.startswith("#"))


def in_arguments(field: str) -> tuple[bool, str]:
    made = policy(**{field: value(field)})
    held = [DockerArgsExporter().render(each) for each in (made, policy())]
    return held[0] != held[1], again(made.launch)


def accounted(look: Callable[[str], tuple[bool, str]], field: str) -> bool:
    held, said = look(field)
    option = _SPELT.get(field, f"--{field.replace('_', '-')}")
    return held or re.search(rf"{option}(,|$)", said) is not None


LOOKS = {
    "compose": in_yaml(ComposeExporter()),
    "kubernetes": in_yaml(KubernetesExporter()),
    "docker.args": in_arguments,
    "quadlet": in_unit,
}


def test_every_field_has_a_value_here_that_is_not_the_default() -> None:
    assert all(value(field) != getattr(Launch(), field) for field in FIELDS)


@pytest.mark.parametrize("file", LOOKS)
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_is_dropped_silently(file: str, field: str) -> None:
    assert field in OF_NO_CONSEQUENCE or accounted(LOOKS[file], field)


def test_only_fields_that_some_file_drops_are_excused() -> None:
    for field in OF_NO_CONSEQUENCE:
        assert not all(accounted(look, field) for look in LOOKS.values()), field


@pytest.mark.parametrize("exporter", [SeccompExporter(), SeccompProfileExporter()])
def test_the_calls_alone_know_nothing_of_a_launch(exporter: Exporter) -> None:
    assert exporter.render(launched(EQUIPPED)) == exporter.render(launched(Launch()))


def test_what_a_file_says_only_in_part_is_named() -> None:
    launch = Launch(
        tmpfs=("/run:ro,size=64m,mode=0700", "/share:size=10%"),
        volumes=("data:/data:nocopy", "/srv:/srv:ro,rslave", "@new:/new"),
    )
    for exporter in (ComposeExporter(), KubernetesExporter()):
        _, said = parts(exporter, launched(launch))
        assert "nocopy for the volume at /data" in said
        assert "mounted at /srv, read-only\n" in said
        assert "rslave for the volume at /srv" in said
    assert ": mode=0700 of the tmpfs at /run" in said
    assert ": size=10% of the tmpfs at /share" in said
    assert "filled by Docker with what the image has there: /new" in said


@pytest.mark.parametrize(
    ("restart", "expected"),
    [("no", "Never"), ("on-failure", "OnFailure"), ("always", "Always"), (None, None)],
)
def test_when_a_pod_starts_it_again(restart: str | None, expected: str | None) -> None:
    held, said = parts(KubernetesExporter(), policy(restart=restart))
    assert held["spec"].get("restartPolicy") == expected
    assert "--restart" not in said


def test_a_job_is_not_started_again() -> None:
    assert parts(KubernetesExporter(), policy(job=True))[0]["spec"]["restartPolicy"] == "Never"
    counted = parts(KubernetesExporter(), policy(job=True, restart="on-failure:3"))
    assert "restartPolicy" not in counted[0]["spec"]
    assert "--restart" in counted[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("hostname", "Server_1"), ("stop_timeout", -1), ("shm_size", "much"), ("memory", "much")],
)
def test_what_kubernetes_has_no_word_for_is_named(field: str, value: Any) -> None:
    held, said = parts(KubernetesExporter(), policy(**{field: value}))
    assert held == parts(KubernetesExporter(), policy())[0]
    assert f"--{field.replace('_', '-')}" in said
