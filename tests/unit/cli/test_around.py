"""What was recorded in a Pod or a stack is run again with all of it, as its file says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from beacon.cli.around import for_containers
from beacon.cli.console import Console
from beacon.engines.interface import Place
from beacon.errors import ExitCode
from beacon.model.launch import Launch
from fakes import FakeEngine
from unit.documents.harness import check, fake_host

MANIFEST = """
kind: Pod
apiVersion: v1
metadata: {name: shop}
spec:
  containers:
  - {name: web, image: "web:1"}
  - {name: cache, image: "cache:1"}
"""
#: Each with the words that its directory comes behind, and those that follow.
COMMANDS = {
    "verify": (("verify", "--trust", "--quick", "--starts", "0"), ()),
    "check": (("check", "--trust", "--starts", "0", "--policy"), ("web:2",)),
    "ablate": (("ablate", "--trust", "--starts", "0"), ()),
}


def _derive(root: Path, profile: Path, policy: Path) -> None:
    assert check(root, "policy", profile, "-o", policy)[0] == 0


@pytest.fixture
def pods(monkeypatch: pytest.MonkeyPatch) -> list[Launch]:
    """The Pods that were made."""
    made: list[Launch] = []

    @contextmanager
    def place(
        _: FakeEngine,
        volumes: Sequence[str],
        pod: Launch | None = None,
        memory: Mapping[str, str] | None = None,
    ) -> Iterator[Place]:
        assert pod is not None
        made.append(pod)
        yield Place("@sandbox:1", {})

    monkeypatch.setattr(FakeEngine, "place", place)
    return made


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pods: list[Launch]) -> Path:
    """A manifest, and beside it profiles and policies of both of its containers."""
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    file = tmp_path / "pod.yaml"
    file.write_text(MANIFEST)
    words = ("profile", "--strategy", "baseline", "--ready-after", "0.1")
    code, _, said = check(tmp_path, *words, "--pod", file, "-o", tmp_path / "ablate")
    assert code == 0, said
    for name in ("web", "cache"):
        for command in ("verify", "check"):
            _derive(tmp_path, tmp_path / "ablate" / name, tmp_path / command / name)
    pods.clear()
    return file


def run(file: Path, command: str, place: str, *options: str | Path) -> tuple[int, str, str]:
    """The command for what lies at `place`."""
    before, behind = COMMANDS[command]
    first, *others = before
    folder = file.parent / command / place
    return check(file.parent, first, *options, *others, folder, *behind)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_its_manifest_nothing_is_run(
    manifest: Path, pods: list[Launch], command: str
) -> None:
    code, _, said = run(manifest, command, "web")
    assert code == 2
    assert "was recorded as a container of a Pod: name its manifest with --pod." in said
    code, _, said = run(manifest, command, "web", "--pod", manifest, "--engine", "docker")
    assert code == 2
    assert "docker starts no Pods" in said
    code, _, said = run(manifest, command, "web", "--container", "web")
    assert code == 2
    assert "give --pod FILE" in said
    assert pods == []


@pytest.mark.parametrize("command", COMMANDS)
def test_with_it_each_run_has_a_pod_around(
    manifest: Path, pods: list[Launch], command: str
) -> None:
    code, _, said = run(manifest, command, "web", "--pod", manifest)
    assert code != 2, said
    assert {each.hostname for each in pods} == {"shop"}


@pytest.mark.parametrize("command", ["verify", "ablate"])
def test_where_there_is_a_directory_for_each_all_are_run(manifest: Path, command: str) -> None:
    _, _, said = run(manifest, command, "", "--pod", manifest)
    assert "The container web:" in said
    if command == "verify":  # an ablation ends where the first container fails by itself
        assert "The container cache:" in said
    _, _, said = run(manifest, command, "", "--pod", manifest, "--container", "cache")
    assert "The container web:" not in said
    assert "The container cache:" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_another_container_than_the_recorded_one_is_refused(
    manifest: Path, pods: list[Launch], command: str
) -> None:
    code, _, said = run(manifest, command, "web", "--pod", manifest, "--container", "cache")
    assert code == 2
    assert "recorded as web, not as cache" in said
    assert pods == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_manifest_may_come_through_a_pipe(
    manifest: Path, pods: list[Launch], command: str
) -> None:
    reader, writer = os.pipe()
    os.write(writer, MANIFEST.encode())
    os.close(writer)
    try:
        code, _, said = run(manifest, command, "web", "--pod", f"/dev/fd/{reader}")
    finally:
        os.close(reader)
    assert code != 2, said
    assert pods


def test_a_policy_s_fault_is_worse_than_that_of_the_surroundings(manifest: Path) -> None:
    codes = iter((ExitCode.DIFFERENCE, ExitCode.ENVIRONMENT))
    options = argparse.Namespace(
        pod=manifest, compose=None, container=None, host_path=[], profile=manifest.parent
    )
    found = for_containers(options, Console(), "profile", "profile.json", lambda *_: next(codes))
    assert found is ExitCode.DIFFERENCE


def test_an_image_is_checked_for_one_container(manifest: Path, pods: list[Launch]) -> None:
    code, _, said = run(manifest, "check", "", "--pod", manifest)
    assert code == 2
    assert "choose with --container web, cache" in said
    assert pods == []
    code, _, said = run(manifest, "check", "", "--pod", manifest, "--container", "web")
    assert code != 2, said
    assert pods


@pytest.mark.parametrize("command", COMMANDS)
def test_a_service_has_its_stack_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    file = tmp_path / "compose.yaml"
    file.write_text("services: {web: {image: 'w:1', depends_on: [db]}, db: {image: 'd:1'}}")
    words = ("--strategy", "baseline", "--ready-after", "0.1", "--compose", file)
    profile = tmp_path / "ablate" / "web"
    code, _, said = check(tmp_path, "profile", *words, "--service", "web", "-o", profile)
    assert code == 0, said
    _derive(tmp_path, profile, tmp_path / command / "web")
    code, _, said = run(file, command, "web")
    assert code == 2
    assert "name its file with --compose" in said
    code, _, said = run(file, command, "web", "--compose", file)
    assert code != 2, said
    assert "db: starting d:1, which web needs" in said
