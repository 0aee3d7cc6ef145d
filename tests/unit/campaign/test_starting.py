from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from beacon.campaign import starting
from beacon.campaign.certifying import certify
from beacon.campaign.enforced import read_enforced
from beacon.campaign.seal import seal
from beacon.campaign.starting import docker_run
from beacon.engines.interface import EngineUnavailableError
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.export.all import render_all
from beacon.model.environment import Environment
from beacon.model.files import VERIFICATION_FILE, encode, write_files
from beacon.model.launch import Launch
from beacon.model.run import Ending, Outcome
from beacon.model.verification import Difference, DifferenceKind, Verification, VerifiedRun
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run
from fakes import FakeEngine

RECORDED = profile(
    run(call("read"), capabilities=(check("CAP_CHOWN"),)), launch=Launch(no_new_privileges=True)
)
POLICY = synthesize(RECORDED)
IMAGE = POLICY.image.reference


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that has the image of the policy."""
    found = {IMAGE: POLICY.image.id, "other:1": "sha256:other"}
    monkeypatch.setattr(starting, "image_id", lambda reference, _: found.get(reference))
    monkeypatch.setattr(starting, "open_engine", lambda *_: FakeEngine())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "a policy"
    write_files(folder, render_all(POLICY))
    return folder


def verified(directory: Path, *differences: Difference, runtime: str = "fake") -> Verification:
    runs = (
        VerifiedRun(
            environment=Environment(),
            workload="none",
            outcome=Outcome(ending=Ending.SERVED),
            differences=differences,
        ),
    )
    made = Verification(image=POLICY.image, runs=runs, beacon="0.0.0")
    host = msgspec.structs.replace(RECORDED.host, runtime=runtime)
    certificate = certify(made, read_enforced(directory).digest, host, POLICY.image)
    made = msgspec.structs.replace(made, certificate=certificate)
    write_files(directory, {VERIFICATION_FILE: encode(made)})
    return made


def test_the_policy_comes_before_all_other_options(directory: Path) -> None:
    words = shlex.split(f"-d --cap-drop NET_RAW --cap-drop ALL {IMAGE} --privileged")
    command, _ = docker_run(directory, words)
    path = f"{directory.resolve()}/seccomp.json"
    assert command == [
        "docker", "run", "--security-opt", f"seccomp={path}",
        "--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--cap-add", "CHOWN", *words,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        "--privileged", "--privileged=true", "--cap-add SYS_ADMIN", "--cap-add=ALL",
        "--security-opt seccomp=unconfined", "--security-opt=seccomp:unconfined",
        "--security-opt seccomp=/tmp/other.json", "--security-opt no-new-privileges=false",
        "--security-opt no-new-privileges:0", "-d --rm --privileged",
        "-e A=1 --name x --cap-add=CHOWN", "--annotation run.oci.seccomp_bpf_data=AA==",
    ],
)  # fmt: skip
def test_options_that_would_take_its_place(directory: Path, options: str) -> None:
    with pytest.raises(UsageError, match="would take the policy's place") as failure:
        docker_run(directory, [*options.split(), IMAGE])
    assert failure.value.exit_code is ExitCode.USAGE


def test_a_capability_that_docker_would_give_nevertheless(directory: Path) -> None:
    with pytest.raises(UsageError, match="beacon policy --deny CAP_CHOWN"):
        docker_run(directory, ["--cap-drop", "cap_chown", IMAGE])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docker.args", "--cap-add CHOWN", "--cap-add CHOWN --cap-add SYS_ADMIN"),
        ("docker.args", "--cap-add CHOWN", ""),
        ("seccomp.json", '"read"', '"read", "bpf"'),
        ("seccomp.json", '"read"', '"write"'),
        ("seccomp.json", "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"),
    ],
)
def test_edited_files_start_nothing(directory: Path, file: str, old: str, new: str) -> None:
    path = directory / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError, match="nothing was started") as failure:
        docker_run(directory, [IMAGE])
    assert failure.value.exit_code is ExitCode.DIFFERENCE


def test_more_than_a_plain_container_has_needs_a_seal_or_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rights = (check("CAP_SYS_ADMIN"),)
    wide = synthesize(
        profile(
            run(call("read"), call("bpf"), capabilities=rights),
            launch=Launch(cap_add=("SYS_ADMIN",)),
        )
    )
    folder = tmp_path / "wide"
    write_files(folder, render_all(wide))
    with pytest.raises(UsageError, match=r"no seal of this host covers it: --cap-add SYS_ADMIN"):
        docker_run(folder, [IMAGE])
    assert "SYS_ADMIN" in docker_run(folder, [IMAGE], trust=True)[0]
    write_files(folder, render_all(seal(wide)))
    assert "SYS_ADMIN" in docker_run(folder, [IMAGE])[0]


@pytest.mark.parametrize("file", ["docker.args", "seccomp.json", "policy.json"])
def test_missing_files_start_nothing(directory: Path, file: str) -> None:
    (directory / file).unlink()
    with pytest.raises(UsageError):
        docker_run(directory, [IMAGE])


def test_files_for_others_do_not_matter(directory: Path) -> None:
    (directory / "compose.yaml").write_text("services: {}")
    assert docker_run(directory, [IMAGE])[0]


def notes(directory: Path, *words: str) -> str:
    return "; ".join(docker_run(directory, words or (IMAGE,))[1])


def test_nothing_is_noted_where_the_certificate_holds(directory: Path) -> None:
    verified(directory)
    assert notes(directory) == ""


def test_what_keeps_the_certificate_from_holding(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = f"beacon verify '{directory}'"
    assert notes(directory) == f"this policy is not proven: {again}"
    made = verified(directory)
    assert notes(directory, "other:1") == (
        f"other:1 is not the image that was verified ({IMAGE}): {again} other:1"
    )
    assert "absent:1 is not here yet" in notes(directory, "absent:1")
    assert "not with --runtime runsc" in notes(directory, "--runtime", "runsc", IMAGE)
    verified(directory, runtime="fake 2")
    assert notes(directory) == f"the policy was verified with fake 2, not with fake: {again}"
    old = msgspec.structs.replace(made, certificate=None)
    write_files(directory, {VERIFICATION_FILE: encode(old)})
    assert notes(directory) == f"this policy has no certificate: {again}"
    verified(directory, Difference(DifferenceKind.SYSCALL, "read", ""))
    assert notes(directory) == f"this policy failed its verification: {again}"
    wider = synthesize(profile(run(call("read"), call("write")), launch=RECORDED.launch))
    verified(directory)
    write_files(directory, render_all(wider))
    assert notes(directory) == f"the certificate is one of other files: {again}"
    (directory / VERIFICATION_FILE).write_text("{")
    assert notes(directory) == f"this policy is not proven: {again}"


def test_another_engine_than_that_of_the_certificate(directory: Path) -> None:
    verified(directory)
    command, said = docker_run(directory, [IMAGE], "podman")
    assert command[:2] == ["podman", "run"]
    assert said == [
        f"the policy was verified with docker, not with podman: beacon verify '{directory}'"
    ]


def test_an_engine_that_does_not_answer_is_docker_s_to_tell(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(directory)

    def absent(*_: object) -> FakeEngine:
        raise EngineUnavailableError("No engine.")

    monkeypatch.setattr(starting, "open_engine", absent)
    assert notes(directory) == ""


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a docker of its own in front."""
    monkeypatch.undo()

    def place(script: str) -> None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return place


def test_the_image_is_asked_for_by_the_docker_command(path: Callable[[str], None]) -> None:
    path('[ "$*" = "image inspect --format {{.Id}} -- web:1" ] && echo sha256:1')
    assert starting.image_id("web:1") == "sha256:1"
    assert starting.image_id("other") is None


def test_without_the_docker_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BeaconError, match="The command docker cannot be run"):
        starting.image_id("web:1")
