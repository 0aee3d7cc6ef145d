from __future__ import annotations

import pytest

from beacon.model.recognition import RecognisedService, Recognition, Spoken
from beacon.workloads.recognition import Evidence, is_main, recognise
from beacon.workloads.service import Service

NGINX = Service(name="nginx", summary="", workload="http", images=("nginx",), programs=("nginx",))
REDIS = Service(
    name="redis",
    summary="",
    workload="redis",
    images=("redis", "valkey"),
    programs=("redis-server",),
)
TOMCAT = Service(
    name="tomcat", summary="", workload="http", images=("tomcat",), interpreters=("java",)
)


@pytest.mark.parametrize(
    ("names", "command", "programs", "expected"),
    [
        (("nginx:1.27",), ("/entry.sh", "nginx"), ("/usr/sbin/nginx",), ["nginx"]),
        (("mine",), ("/start",), ("/opt/nginx",), ["nginx"]),  # called neither nginx nor like it
        (("mine",), ("nginx", "-g", "daemon off;"), (), ["nginx"]),
        (("nginx",), ("sleep", "9"), ("/usr/bin/sleep",), []),  # only called so
        (("host:5000/mine/redis-exporter",), ("/exporter",), ("/exporter",), []),
        (("bitnami/tomcat",), ("/run.sh",), ("/opt/java/bin/java",), ["tomcat"]),
        (("mine",), ("/run.sh",), ("/opt/java/bin/java",), []),
        (("mine", "tomcat"), ("/run.sh",), ("/usr/bin/java",), ["tomcat"]),  # by its label
        (("mine",), ("supervisord",), ("/usr/sbin/nginx", "/bin/redis-server"), ["nginx", "redis"]),
        (("redis",), ("redis-server",), ("/usr/sbin/nginx", "/redis-server"), ["redis", "nginx"]),
    ],
)
def test_programs_and_command_decide_and_names_where_a_script_runs(
    names: tuple[str, ...], command: tuple[str, ...], programs: tuple[str, ...], expected: list[str]
) -> None:
    found = recognise(Evidence(names, command, programs), (NGINX, REDIS, TOMCAT))
    assert [each.name for each, _ in found] == expected


@pytest.mark.parametrize(
    "name",
    [
        "redis",
        "redis:7",
        "host:5000/team/redis:7@sha256:00",
        "docker.io/library/Redis",
        "valkey@sha256:00",
    ],
)
def test_an_image_is_called_so_whatever_its_registry_and_tag(name: str) -> None:
    evidence = Evidence((name,), (), ("/usr/bin/redis-server",))
    ((service, recognised),) = recognise(evidence, (REDIS,))
    assert str(recognised) == f"redis (process /usr/bin/redis-server, image {name})"
    assert is_main(service, evidence)


def test_a_companion_is_not_what_the_command_starts() -> None:
    evidence = Evidence(("mine",), ("supervisord",), ("/usr/sbin/nginx",))
    assert not is_main(NGINX, evidence)


def test_the_sentence_says_what_and_why() -> None:
    recognition = Recognition(
        (RecognisedService("nginx", ("process /usr/sbin/nginx",)),),
        (
            Spoken(port=80, workload="http"),
            Spoken(port=53, workload="dns", transport="udp"),
            Spoken(port=9443, workload="http", tls=True),
        ),
    )
    assert recognition.sentence() == (
        "recognised: nginx (process /usr/sbin/nginx), http on 80/tcp, dns on 53/udp, "
        "http over TLS on 9443/tcp"
    )
    assert Recognition().sentence() == ""
    chosen = Recognition((RecognisedService("nginx"),), chosen=True)
    assert chosen.sentence() == "as chosen: nginx"
