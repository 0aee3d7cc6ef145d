from __future__ import annotations

from pathlib import Path

import pytest

from beacon.cli.launch_options import read_launch
from beacon.cli.main import build_parser, main
from beacon.errors import UsageError
from beacon.model.launch import Launch


def launch(*arguments: str) -> Launch:
    return read_launch(build_parser().parse_args(["profile", "-o", "out", *arguments]))


def test_docker_s_own_names() -> None:
    found = launch(
        *("-e", "A=1", "-v", "data:/data", "--tmpfs", "/run", "-u", "1000", "-w", "/srv"),
        *("--entrypoint", "/bin/sh", "--network", "none", "--cap-add", "SYS_NICE"),
        *("--cap-drop", "MKNOD", "--security-opt", "no-new-privileges:true"),
        *(
            "--init",
            "--read-only",
            "-it",
            "--stdin",
            "in.txt",
            "--log-driver",
            "none",
            "image",
            "-c",
            "id",
        ),
    )
    assert found == Launch(
        command=("-c", "id"),
        entrypoint="/bin/sh",
        env=("A=1",),
        volumes=("data:/data",),
        tmpfs=("/run",),
        user="1000",
        workdir="/srv",
        network="none",
        cap_add=("SYS_NICE",),
        cap_drop=("MKNOD",),
        no_new_privileges=True,
        init=True,
        read_only=True,
        interactive=True,
        tty=True,
        stdin="in.txt",
        log_driver="none",
    )


def test_what_concerns_limits_names_and_rights() -> None:
    found = launch(
        *("-m", "64m", "--memory-swap", "-1", "--cpus", "1.5", "-c", "512", "--pids-limit", "-1"),
        *(
            "--ulimit",
            "nofile=1:2",
            "--device",
            "/dev/fuse",
            "--hostname",
            "web",
            "--ip",
            "10.0.0.9",
        ),
        *("--add-host", "a:1.2.3.4", "--dns", "1.1.1.1", "--sysctl", "net.core.somaxconn=1"),
        *("--group-add", "100", "--ipc", "host", "--platform", "linux/amd64", "--no-healthcheck"),
        *("--mount", "type=tmpfs,target=/t", "--mount", "source=data,target=/d", "image"),
    )
    assert found == Launch(
        memory="64m",
        memory_swap="-1",
        cpus=1.5,
        cpu_shares=512,
        pids_limit=-1,
        ulimit=("nofile=1:2",),
        device=("/dev/fuse",),
        hostname="web",
        ip="10.0.0.9",
        add_host=("a:1.2.3.4",),
        dns=("1.1.1.1",),
        sysctl=("net.core.somaxconn=1",),
        group_add=("100",),
        ipc="host",
        platform="linux/amd64",
        no_healthcheck=True,
        tmpfs=("/t",),
        volumes=("data:/d",),
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SYS_NIEC", "did you mean SYS_NICE"),
        ("all_of_them", "see capabilities"),
        ("cap_net_admni", "did you mean NET_ADMIN"),
    ],
)
@pytest.mark.parametrize("option", ["--cap-add", "--cap-drop"])
def test_a_capability_that_there_is_not(option: str, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"There is no capability {name}: {said}"):
        launch(option, name, "image")


def test_a_path_that_is_not_there_is_not_mounted() -> None:
    with pytest.raises(UsageError, match="This host has no /no/such"):
        launch("-v", "/no/such:/x", "image")


def test_options_after_the_image_are_its_command() -> None:
    assert launch("image", "-o", "x", "--json").command == ("-o", "x", "--json")


def test_env_files_come_first_and_bare_names_take_our_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "here")
    monkeypatch.delenv("ABSENT", raising=False)
    file = tmp_path / "env"
    file.write_text("# comment\n\nFILE=a b\nOURS\n")
    found = launch("--env-file", str(file), "-e", "ABSENT", "-e", "LAST=1", "image")
    assert found.env == ("FILE=a b", "OURS=here", "LAST=1")


def test_a_seccomp_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "seccomp.json"
    file.write_text("{}")
    assert launch("--security-opt", f"seccomp={file}", "image").seccomp == "{}"
    assert launch("--security-opt", "seccomp=unconfined", "image").seccomp == "unconfined"


@pytest.mark.parametrize("option", ["seccomp=", "seccomp", "label=x", "no-new-privileges=maybe"])
def test_options_that_make_no_sense(option: str) -> None:
    with pytest.raises(UsageError, match="not understood"):
        launch("--security-opt", option, "image")


def test_another_security_module_s_profile() -> None:
    assert launch("--security-opt", "apparmor=unconfined", "image").apparmor == "unconfined"


def test_env_files_are_read_as_docker_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_bytes(b"  A=trailing \r\nB= leading\n  # comment\nC=\x0b\n")
    assert launch("--env-file", str(file), "image").env == ("A=trailing ", "B= leading", "C=\x0b")


@pytest.mark.parametrize("line", ["A = b", "=b", "A B=c"])
def test_env_files_name_variables(tmp_path: Path, line: str) -> None:
    file = tmp_path / "env"
    file.write_text(line)
    with pytest.raises(UsageError, match="write NAME=VALUE"):
        launch("--env-file", str(file), "image")


def test_an_image_is_required_without_a_compose_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text("services: {web: {image: web:1}}")
    for words, said in (
        ((), "Name the image that is to be profiled"),
        (("--compose", str(compose)), "Name one service of the compose file"),
        (("--compose", str(compose), "--service", "db"), "has no service db: it has web"),
        (("--compose", str(compose), "--service", "web", "web:1"), "leave out the one"),
    ):
        assert main(["profile", "-o", str(tmp_path / "out"), *words]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "many", "1e9"])
def test_numbers_are_positive(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        launch(f"--ready-timeout={value}", "image")
    assert stop.value.code == 2
    assert "positive number" in capsys.readouterr().err
