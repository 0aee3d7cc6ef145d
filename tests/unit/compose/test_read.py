from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beacon.compose.interface import ComposeError, Condition, Stack
from beacon.compose.read import read_stack
from beacon.compose.volumes import named_volumes
from beacon.errors import UsageError
from beacon.model.launch import Launch, MadeNetwork

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "stack" / "compose.yaml"


def stack(folder: Path, text: str) -> Stack:
    path = folder / "compose.yaml"
    path.write_text(text)
    return read_stack(path)


def service(folder: Path, more: dict[str, Any], **top: Any) -> Launch:
    document = {"services": {"web": {"image": "web:1", **more}}, **top}
    return stack(folder, yaml.safe_dump(document, sort_keys=False)).services["web"].launch


def on_network(**fields: Any) -> Launch:
    return Launch(network=MadeNetwork.STACK, network_alias=("web",), **fields)


def refused(folder: Path, more: dict[str, Any], **top: Any) -> str:
    with pytest.raises(UsageError) as found:
        service(folder, more, **top)
    return str(found.value)


def test_the_example() -> None:
    found = read_stack(EXAMPLE)
    assert [each.name for each in found.started()] == ["db", "cache", "web"]
    assert [each.name for each in found.needed_by("web")] == ["db", "cache"]
    assert found.dependents("db") == ("web",)
    assert found.volumes == ("baskets", "orders")
    web, db = found.service("web"), found.service("db")
    assert web.needs == {"db": Condition.HEALTHY, "cache": Condition.STARTED}
    assert web.publish == ("127.0.0.1:8000:8000",)
    assert web.launch.volumes == (f"{EXAMPLE.parent}/app:/app:ro",)
    assert db.launch.health_cmd == "pg_isready --host 127.0.0.1 --username shop"
    assert (db.launch.health_interval, db.launch.health_retries) == ("1s", 60)
    assert named_volumes(db.launch) == ("orders",)


def test_a_plain_service(tmp_path: Path) -> None:
    assert service(tmp_path, {}) == on_network()


def test_what_concerns_the_process(tmp_path: Path) -> None:
    more = {
        "command": "run 'two words'",
        "entrypoint": ["/entry", "-x"],
        "user": 1000,
        "working_dir": "/srv",
        "init": True,
        "tty": True,
        "stdin_open": True,
        "read_only": True,
        "stop_signal": "SIGINT",
        "stop_grace_period": "20s",
        "group_add": [100, "audio"],
        "platform": "linux/amd64",
        "hostname": "w",
        "container_name": "the-web",
        "networks": {"back": {"aliases": ["www"], "priority": 1}, "front": None},
    }
    networks = {"networks": {"back": None, "front": {"internal": True}}}
    assert service(tmp_path, more, **networks) == Launch(
        network=MadeNetwork.STACK,
        network_alias=("web", "the-web", "www"),
        command=("-x", "run", "two words"),
        entrypoint="/entry",
        user="1000",
        workdir="/srv",
        init=True,
        tty=True,
        interactive=True,
        read_only=True,
        stop_signal="SIGINT",
        stop_timeout=20,
        group_add=("100", "audio"),
        platform="linux/amd64",
        hostname="w",
    )


def test_an_entry_point_alone_takes_the_command_away(tmp_path: Path) -> None:
    assert service(tmp_path, {"entrypoint": ""}).entrypoint == ""
    found = service(tmp_path, {"entrypoint": "/a b"})
    assert (found.entrypoint, found.command) == ("/a", ("b",))
    assert service(tmp_path, {"command": ["a b", 1]}).command == ("a b", "1")


def test_limits_rights_and_names(tmp_path: Path) -> None:
    more = {
        "mem_limit": "64m",
        "memswap_limit": -1,
        "cpus": "0.5",
        "pids_limit": 10,
        "shm_size": "1m",
        "ulimits": {"nofile": {"soft": 1, "hard": 2}, "core": 0},
        "sysctls": ["net.core.somaxconn=9"],
        "extra_hosts": {"a": "10.0.0.1"},
        "dns": "10.0.0.2",
        "devices": ["/dev/fuse"],
        "cap_add": ["SYS_NICE"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "ipc": "private",
        "restart": "always",
        "labels": {"a": "b"},
        "x-own": {"what": "ever"},
        "deploy": {
            "replicas": 3,
            "resources": {
                "limits": {"memory": "1g", "cpus": "2", "pids": 7},
                "reservations": {"memory": "8m", "cpus": "0.1"},
            },
        },
    }
    assert service(tmp_path, more) == on_network(
        memory="64m",
        memory_swap="-1",
        memory_reservation="8m",
        cpus=0.5,
        pids_limit=10,
        shm_size="1m",
        ulimit=("nofile=1:2", "core=0:0"),
        sysctl=("net.core.somaxconn=9",),
        add_host=("a:10.0.0.1",),
        dns=("10.0.0.2",),
        device=("/dev/fuse",),
        cap_add=("SYS_NICE",),
        cap_drop=("ALL",),
        no_new_privileges=True,
        ipc="private",
    )
    only = {"deploy": {"resources": {"limits": {"memory": "1g", "pids": 7}}}}
    assert service(tmp_path, only) == on_network(memory="1g", pids_limit=7)


def test_variables_come_from_files_the_shell_and_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "shell")
    monkeypatch.delenv("DEFAULT", raising=False)
    (tmp_path / ".env").write_text("OURS=file\nDEFAULT='a b'\n")
    (tmp_path / "own.env").write_text("A=1\nB=2\nOURS\n")
    more = {
        "env_file": ["own.env", {"path": "none.env", "required": False}],
        "environment": {"B": 3, "C": "${DEFAULT}", "DEFAULT": None, "ABSENT": None, "D": True},
    }
    assert service(tmp_path, more).env == (
        *("A=1", "B=3", "OURS=shell", "C=a b", "DEFAULT=a b", "D=true"),
    )
    assert service(tmp_path, {"env_file": "own.env", "environment": ["A=0", "OURS"]}).env == (
        *("A=0", "B=2", "OURS=shell"),
    )
    assert "Cannot read" in refused(tmp_path, {"env_file": "none.env"})


def test_volumes(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "secret").write_text("x")
    more = {
        "volumes": [
            "/anonymous",
            "data:/data",
            "./conf:/conf:ro,cached",
            {"type": "bind", "source": "conf", "target": "/c2", "read_only": True, "bind": {}},
            {"type": "volume", "source": "data", "target": "/d2", "volume": {"nocopy": True}},
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": 1024, "mode": 1777}},
        ],
        "tmpfs": "/run",
        "secrets": ["key", {"source": "key", "target": "/etc/key", "mode": 0o440}],
    }
    top = {"volumes": {"data": None}, "secrets": {"key": {"file": "./secret"}}}
    found = service(tmp_path, more, **top)
    assert found.volumes == (
        "/anonymous",
        "data:/data",
        f"{tmp_path}/conf:/conf:ro",
        f"{tmp_path}/conf:/c2:ro",
        "data:/d2:nocopy",
        f"{tmp_path}/secret:/run/secrets/key:ro",
        f"{tmp_path}/secret:/etc/key:ro",
    )
    assert found.tmpfs == ("/run", "/t:size=1024,mode=1777")


@pytest.mark.parametrize(
    ("check", "found"),
    [
        ({"test": "exit 0"}, {"health_cmd": "exit 0"}),
        ({"test": ["CMD", "a", "b c"]}, {"health_cmd": "a 'b c'"}),
        ({"test": ["CMD-SHELL", "a"], "start_interval": "1s"}, {"health_cmd": "a"}),
        ({"test": ["NONE"]}, {"no_healthcheck": True}),
        ({"disable": True}, {"no_healthcheck": True}),
        ({"timeout": "2s"}, {"health_timeout": "2s"}),
    ],
)
def test_health_checks(check: dict[str, Any], found: dict[str, Any], tmp_path: Path) -> None:
    assert service(tmp_path, {"healthcheck": check}) == on_network(**found)


@pytest.mark.parametrize("mode", ["none", "host", "bridge"])
def test_a_network_mode_keeps_it_off_the_stack_s_network(mode: str, tmp_path: Path) -> None:
    assert service(tmp_path, {"network_mode": mode}) == Launch(network=mode)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (80, "80"),
        ("8080:80", "8080:80"),
        ("127.0.0.1:8080:80/udp", "127.0.0.1:8080:80/udp"),
        ("[::1]:8080:80", "[::1]:8080:80"),
        ({"target": 80, "published": "8080", "mode": "host"}, "8080:80/tcp"),
        ({"target": 80, "host_ip": "127.0.0.1"}, "127.0.0.1::80/tcp"),
        ({"target": 80, "host_ip": "127.0.0.1", "published": 1}, "127.0.0.1:1:80/tcp"),
    ],
)
def test_ports(entry: Any, words: str, tmp_path: Path) -> None:
    document = {"services": {"web": {"image": "x", "ports": [entry]}}}
    assert stack(tmp_path, yaml.safe_dump(document)).service("web").publish == (words,)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"image": None, "build": "."}, "service web has no image: build it"),
        ({"privileged": True}, "is privileged, so it has no filter"),
        ({"extends": {"service": "x"}}, "has extends, which BeaCon does not support"),
        ({"network_mode": "service:db"}, "has network_mode service:db"),
        ({"ports": ["3000-3005"]}, "a ports that is not"),
        ({"ports": 80}, "a ports that is not a list"),
        ({"ports": [{"target": 80, "x": 1}]}, "has x, which BeaCon does not support"),
        ({"cap_add": ["NOT_ADMIN"]}, "no capability NOT_ADMIN"),
        ({"init": "perhaps"}, "a init that is not true or false"),
        ({"cpus": "many"}, "a cpus that is not a number"),
        ({"pids_limit": [1]}, "a pids_limit that is not a text"),
        ({"command": "'open"}, "words with closed quotes"),
        ({"command": {"a": 1}}, "a command that is not a text"),
        ({"environment": "A"}, "a mapping, or a list"),
        ({"healthcheck": {"test": ["RUN", "x"]}}, "begins with CMD"),
        ({"healthcheck": 5}, "is not a mapping"),
        ({"stop_grace_period": "1m30s"}, "whole seconds"),
        ({"depends_on": {"db": {"condition": "soon"}}}, "a condition that is not service_started"),
        ({"depends_on": ["db"]}, "has no service db: it has web"),
        ({"depends_on": ["web"]}, "web needs web"),
        ({"volumes": ["data:/data"]}, "does not describe the volume data"),
        ({"volumes": ["/no/such:/data"]}, "This host has no /no/such"),
        ({"volumes": [{"type": "bind", "target": "/x"}]}, "lacks its source"),
        ({"secrets": ["key"]}, "has no `file:` for key"),
        ({"pids_limit": 2**70}, "cannot be started so"),
        ({"mem_limit": ["a"]}, "a mem_limit that is not a text"),
        ({"cpus": "nan"}, "cannot be started so"),
        ({"deploy": {"resources": {"limits": {"cpus": "nan"}}}}, "cannot be started so"),
        ({"cpus": "1e999"}, "cannot be started so"),
    ],
)
def test_what_is_not_supported_is_named(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert re.search(said, refused(tmp_path, more))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no services"),
        ("services: []", "has no services"),
        ("services: {}", "has 0 services"),
        ("services: {web: 5}", "is not a mapping"),
        ("a: [", "is not a compose file"),
        ("services: {web: {image: '${X:?set X}'}}", "the variable X is not set .set X"),
        ("include: [a.yaml]\nservices: {web: {image: x}}", "has include, which"),
        ("[" * 2000, "is not a compose file"),
        ("services: !!python/object:os.system {}", "is not a compose file"),
        (
            "volumes: {d: {external: true, name: other}}\nservices: {web: {image: x}}",
            "another name outside",
        ),
        ("volumes: {d: {driver: nfs}}\nservices: {web: {image: x}}", "a driver that is not local"),
    ],
)
def test_a_file_that_is_none(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match=said):
        stack(tmp_path, text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match="Cannot read"):
        read_stack(tmp_path / "none.yaml")
    (tmp_path / "compose.yaml").write_bytes(b"\xff")
    with pytest.raises(ComposeError, match="not UTF-8"):
        read_stack(tmp_path / "compose.yaml")


def test_merges_do_not_grow_without_end(tmp_path: Path) -> None:
    """Older versions of PyYAML double a mapping with each of these."""
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30)]
    with pytest.raises(ComposeError):
        stack(tmp_path, "\n".join([*lines, "services: {web: {image: x}}"]))
    with pytest.raises(ComposeError, match="too many keys"):
        stack(tmp_path, "".join(f"k{number}: 1\n" for number in range(10_001)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x-a: &a {k: 1}\nx-b: {<<: [" + "*a, " * 65 + "]}", "too many mappings"),
        ("x-a: &a {k: 1}\nx-b: {" + "<<: *a, " * 65 + "}", "too many mappings"),
        ("x-a: [" + "a, " * 100_000 + "]", "too many parts"),
        (
            "x-a: &a {" + ", ".join(f"k{n}: 1" for n in range(9_000)) + "}\n"
            "x-b: [" + "{<<: *a, b: 1}, " * 20 + "]",
            "too many keys",
        ),
        ("services: {web: {image: good, image: bad}}", "the key image twice"),
    ],
)
def test_a_small_file_is_no_large_document(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match=said):
        stack(tmp_path, text)


def test_what_is_merged_may_be_said_otherwise(tmp_path: Path) -> None:
    text = (
        "x-a: &a {image: x, read_only: true}\nx-b: &b {<<: *a, image: y}\n"
        "services: {web: {<<: *b, image: z}, other: {<<: [*b, *a]}}"
    )
    found = stack(tmp_path, text).services
    assert (found["web"].image, found["other"].image) == ("z", "y")


@pytest.mark.parametrize("name", ["..", ".", "../up", "/abs", "a/b", "", "a b", "x" * 129, "ü"])
def test_a_service_has_the_name_of_a_folder(name: str, tmp_path: Path) -> None:
    """`beacon record` writes to it, as root."""
    with pytest.raises(ComposeError, match="a service with the name"):
        stack(tmp_path, yaml.safe_dump({"services": {name: {"image": "x"}}}))


def test_little_of_another_file_is_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN PRIVATE KEY----- " + "secret" * 10)
    said = refused(tmp_path, {"env_file": "key"})
    assert "no variable's name in '-----BEGIN PRIVATE KEY-----" in said
    assert said.count("secret") < 3


def test_yaml_is_that_of_version_1_2(tmp_path: Path) -> None:
    text = "services: {web: {image: x, ports: [22:22], environment: {A: yes, B: 010, C: 1.50}}}"
    found = stack(tmp_path, text).service("web")
    assert found.publish == ("22:22",)
    assert found.launch.env[0] == "A=yes"


def test_fragments_are_merged(tmp_path: Path) -> None:
    text = (
        "x-common: &common {image: x, read_only: true}\n"
        "services: {a: {<<: *common}, b: {<<: *common, read_only: false}}"
    )
    found = stack(tmp_path, text).services
    assert (found["a"].launch.read_only, found["b"].launch.read_only) == (True, False)


def test_what_is_optional_starts_only_where_it_is_needed(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: x}, debug: {image: x, profiles: [d]},"
        " seed: {image: x, profiles: [d]}, b: {image: x, depends_on: {seed: {condition:"
        " service_completed_successfully, restart: true}}}}"
    )
    assert [each.name for each in stack(tmp_path, text).started()] == ["a", "seed", "b"]


def test_a_circle_is_named(tmp_path: Path) -> None:
    text = "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}"
    with pytest.raises(ComposeError, match="a needs b needs a"):
        stack(tmp_path, text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
_KEYS = st.sampled_from(
    (
        *("image", "command", "environment", "volumes", "ports", "depends_on", "healthcheck"),
        *("networks", "ulimits", "deploy", "secrets", "env_file", "security_opt", "tmpfs", "cpus"),
        *("x-a", "other"),
    )
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5), st.dictionaries(st.text(max_size=5), _VALUES))
def test_any_document_is_a_stack_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, web: dict[str, Any], top: dict[str, Any]
) -> None:
    document = {**top, "services": {"web": {"image": "x", **web}}}
    said = "."
    try:
        stack(tmp_path_factory.getbasetemp(), yaml.safe_dump(document))
    except UsageError as refusal:
        said = str(refusal)
    assert said.endswith((".", "?"))


def test_two_stacks_are_run_alike_that_differ_in_their_file_alone(tmp_path: Path) -> None:
    text = "services: {web: {image: 'web:1', depends_on: [db]}, db: {image: 'db:1'}}"
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, moved = (stack(folder, text) for folder in folders)
    other = stack(folders[0], text.replace("db:1", "db:2"))
    assert one.key == moved.key != other.key
