from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from beacon.campaign import reaching
from beacon.campaign.reaching import executed, reach_of, settings, with_reach
from beacon.engines.interface import Image, RefusedError
from beacon.model.event import Phase
from beacon.model.launch import Launch
from beacon.model.observation import Observation, Program
from beacon.model.reach import Scope
from beacon.reach.cache import Cache
from beacon.reach.closure import EndlessError
from beacon.reach.inspection import UnreadableError
from beacon.reach.settings import DEFAULT_PATH, Settings
from builders import profile, run
from fakes import IMAGE, FakeEngine, Script

SERVER = replace(
    IMAGE,
    command=("/entry.sh", "server", "-v"),
    arguments=("server", "-v"),
    health_command=("check -q",),
    path="/opt/bin",
    folder="/srv",
)
NOWHERE = Cache(None)


def ran(*paths: str) -> Observation:
    return Observation(programs=tuple(Program(path, Phase.START, 1) for path in paths))


def engine() -> FakeEngine:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.add("/bin/true", "bin/true")
    return FakeEngine(Script(archive=stream.getvalue()))


@pytest.mark.parametrize(
    ("image", "launch", "found"),
    [
        (
            SERVER,
            Launch(),
            Settings(("/entry.sh", "server", "-v"), ("check -q",), "/opt/bin", "/srv"),
        ),
        (
            SERVER,
            Launch(command=("other",), health_cmd="own", workdir="/w", env=("PATH=/x", "A=b")),
            Settings(("/entry.sh", "other"), ("own",), "/x", "/w"),
        ),
        (SERVER, Launch(entrypoint="sh"), Settings(("sh",), ("check -q",), "/opt/bin", "/srv")),
        (IMAGE, Launch(entrypoint="sh", command=("-c", "ls")), Settings(("sh", "-c", "ls"))),
        (IMAGE, Launch(), Settings(path=DEFAULT_PATH)),
    ],
)
def test_what_a_container_is_started_with(image: Image, launch: Launch, found: Settings) -> None:
    assert settings(image, launch) == found


def test_what_runs_executed_each_once_in_order() -> None:
    recorded = profile(run(), run())
    runs = [
        msgspec.structs.replace(each, observation=ran(*paths))
        for each, paths in zip(recorded.runs, (("/b", "/a"), ("/a", "/c")), strict=True)
    ]
    assert executed(runs) == ("/b", "/a", "/c")


def test_a_profile_gets_its_reach() -> None:
    found = with_reach(profile(run()), engine(), IMAGE, NOWHERE).reach
    assert found is not None
    assert found.files == {Scope.RUN: 0, Scope.BESIDE: 0, Scope.IMAGE: 1}


def test_programs_for_other_machines_are_not_analysed() -> None:
    with pytest.raises(UnreadableError, match="Programs for arm64 are not analysed, only those"):
        reach_of(engine(), replace(IMAGE, architecture="arm64"), Launch(), (), NOWHERE)


def test_files_without_end_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        raise EndlessError("its files name too many others")

    monkeypatch.setattr(reaching, "of_image", endless)
    with pytest.raises(UnreadableError, match="for its files name too many others: its reach is"):
        reach_of(engine(), IMAGE, Launch(), (), NOWHERE)


def test_the_engine_may_refuse() -> None:
    with pytest.raises(RefusedError):
        reach_of(FakeEngine(), IMAGE, Launch(), (), NOWHERE)


def test_what_ran_is_the_nearest_scope(tmp_path: Path) -> None:
    found = reach_of(engine(), IMAGE, Launch(), ("/bin/true", "/memfd:x"), Cache(tmp_path))
    assert found.files[Scope.RUN] == 1
    assert [each.file for each in found.unresolved if each.scope is Scope.RUN] == ["/memfd:x"]
