"""How long a container is watched, and what of it is reported, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from beacon.campaign import watched_container, watching
from beacon.campaign.watching import UnfilteredError, WatchRequest, watch
from beacon.engines.interface import (
    ContainerNotFoundError,
    EngineUnavailableError,
    Existing,
    Life,
)
from beacon.errors import BeaconError
from beacon.export.all import render_all
from beacon.export.audit import audit_copy
from beacon.model.denial import Denial, DenialKind, Watched
from beacon.model.files import write_files
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.observation import Observation
from beacon.model.profile import Profile
from beacon.monitor.interface import NotHereError
from beacon.monitor.replay import ReplayMonitor
from builders import call
from fakes import IMAGE, FakeContainer, FakeEngine
from unit.export.policies import plain

ALIVE, AGAIN = Life(True, 7, "first"), Life(True, 8, "second")
ENDED = Life(False, 0, "first")
SEEN = Observation(syscalls=(call("read"), call("mount", count=0, denied=3)))


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1000 + self.now

    def sleep(self, seconds: float) -> None:
        assert self.now < 100, "it does not end"
        self.now += seconds


@dataclass
class Engine(FakeEngine):
    """Its container lives as `lives` says, by the second; the last for ever."""

    clock: Clock = field(default_factory=Clock)
    lives: tuple[Life | BeaconError, ...] = (ALIVE,)
    profile: str | None = None

    def existing(self, name: str) -> Existing:
        return Existing(
            container=FakeContainer(self, 0),
            name=name,
            image=IMAGE,
            launch=Launch(),
            seccomp=self.profile,
            cgroup="/c0ffee",
        )

    def life(self, container: str) -> Life:
        now = self.lives[min(int(self.clock.now), len(self.lives) - 1)]
        if isinstance(now, BeaconError):
            raise now
        return now


@dataclass
class Told:
    said: list[str] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def denied(self, denial: Denial) -> None:
        self.denials.append(denial)


Watching = Callable[..., tuple[Watched, Profile | None, Told]]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watching:
    clock, filtered = Clock(), [True]
    monkeypatch.setattr(watched_container, "time", clock)
    monkeypatch.setattr(watching, "has_filter", lambda _: filtered[0])
    monkeypatch.setattr(watching, "open_monitor", lambda joining: ReplayMonitor([SEEN]))

    def run(
        *lives: Life | BeaconError,
        request: WatchRequest | None = None,
        profile: str | None = None,
        judged: bool = True,
        stopped: Callable[[float], bool] = lambda _: False,
    ) -> tuple[Watched, Profile | None, Told]:
        filtered[0], told = judged, Told()
        engine = Engine(clock=clock, lives=lives or (ALIVE,), profile=profile)
        monkeypatch.setattr(watching, "open_engine", lambda *_: engine)
        found, recorded = watch(request or WatchRequest("web"), told, lambda: stopped(clock.now))
        return found, recorded, told

    return run


def test_for_some_seconds(watched: Watching) -> None:
    found, recorded, told = watched(request=WatchRequest("web", seconds=10))
    assert 10 <= found.seconds < 11
    assert recorded is None
    assert told.said == ["Watching web (under the engine's default seccomp profile)."]


def test_each_denial_is_told_once_and_counted(watched: Watching) -> None:
    found, _, told = watched(request=WatchRequest("web", seconds=10))
    (denial,) = told.denials
    assert (denial.kind, denial.count, denial.first_seen) == (DenialKind.DENIED, 3, 1000.4)
    assert found.denials == (denial,)
    assert found.unexpected


def test_until_it_is_stopped(watched: Watching) -> None:
    found, _, _ = watched(stopped=lambda now: now > 3)
    assert 3 < found.seconds < 4
    assert found.denials


def test_a_container_that_ends_gets_time_to_return(watched: Watching) -> None:
    found, _, told = watched(ALIVE, ALIVE, ENDED)
    assert 5 <= found.seconds < 7
    assert told.said[-1] == "web has ended."


def test_restarts_are_survived(watched: Watching) -> None:
    between = (ENDED, Life(True, 0, "first"), EngineUnavailableError("updating"))
    request = WatchRequest("web", seconds=20, record=True)
    found, recorded, told = watched(ALIVE, *between, AGAIN, request=request)
    assert found.seconds >= 20
    assert found.restarts == 1
    assert told.said[1:] == ["web was started; watching it from its first call."]
    assert recorded is not None
    assert recorded.gaps() == ()


def test_a_restart_between_two_questions_counts(watched: Watching) -> None:
    found, _, _ = watched(ALIVE, Life(False, 0, "second"))
    assert found.restarts == 1


def test_removal_ends_it(watched: Watching) -> None:
    found, _, told = watched(ALIVE, ALIVE, ContainerNotFoundError("gone"))
    assert found.seconds < 4
    assert told.said[-1] == "web was removed."


def test_what_was_recorded_lacks_the_start(watched: Watching) -> None:
    _, recorded, _ = watched(request=WatchRequest("web", seconds=5, record=True))
    assert recorded is not None
    assert recorded.gaps() == (
        "the run with workload none in environment default was watched while it ran already: "
        "its start was not seen",
    )
    (run,) = recorded.runs
    assert run.observation == SEEN
    assert run.listeners == (Listener(80),)
    assert recorded.coverage is not None
    assert recorded.coverage.not_exercised == (Listener(80),)
    assert recorded.image.id == IMAGE.id
    assert recorded.seal is None


def test_what_has_no_filter(watched: Watching) -> None:
    with pytest.raises(UnfilteredError, match="has no seccomp filter"):
        watched(judged=False)
    with pytest.raises(UnfilteredError):
        watched(ENDED, profile="unconfined")


def test_a_container_that_does_not_run_is_waited_for(watched: Watching) -> None:
    request = WatchRequest("web", seconds=20, record=True)
    found, recorded, told = watched(*[ENDED] * 10, AGAIN, request=request)
    assert told.said[1:] == [
        "It does not run: waiting for its start.",
        "web was started; watching it from its first call.",
    ]
    assert found.restarts == 0
    assert recorded is not None
    assert recorded.gaps() == ()


def test_a_container_that_is_never_started(watched: Watching) -> None:
    found, _, _ = watched(ENDED, request=WatchRequest("web", seconds=5))
    assert found.restarts == 0


def test_a_start_of_which_nothing_is_seen_is_noticed(
    watched: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "open_monitor", lambda joining: ReplayMonitor([Observation()]))
    _, _, told = watched(ENDED, AGAIN, request=WatchRequest("web", seconds=20))
    (note,) = (line for line in told.said if line.startswith("Note: "))
    assert "nothing was seen of its start" in note


def test_a_start_while_it_is_joined(watched: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = iter([ALIVE, ALIVE, AGAIN, *[AGAIN] * 100])
    monkeypatch.setattr(Engine, "life", lambda *_: next(lives))
    monkeypatch.setattr(watching, "open_monitor", lambda joining: ReplayMonitor([SEEN, SEEN]))
    found, _, _ = watched(request=WatchRequest("web", seconds=3))
    assert found.restarts == 0
    starts = (Life(True, 7, str(n)) for n in range(100))
    monkeypatch.setattr(Engine, "life", lambda *_: next(starts))
    monkeypatch.setattr(watching, "open_monitor", lambda joining: ReplayMonitor([SEEN] * 9))
    with pytest.raises(BeaconError, match="again and again"):
        watched()


def test_a_process_that_is_not_here(watched: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(ReplayMonitor):
        def join(self, container: str, pid: int, cgroup: str) -> NoReturn:
            raise NotHereError("elsewhere")

    monkeypatch.setattr(watching, "open_monitor", lambda joining: Elsewhere([]))
    with pytest.raises(NotHereError):
        watched()


def test_which_filter_it_has_is_said(watched: Watching, tmp_path: Path) -> None:
    policy = plain()
    files = render_all(policy)
    write_files(tmp_path, files)
    request = WatchRequest("web", tmp_path, seconds=1)
    for profile, said in (
        (files["seccomp.json"].decode(), "under this policy"),
        (audit_copy(policy).decode(), "under this policy's logging copy"),
        ("{", "under a seccomp profile of its own"),
        ("[" * 10_000, "under a seccomp profile of its own"),
    ):
        _, _, told = watched(request=request, profile=profile)
        assert told.said[0] == f"Watching web ({said})."
        assert [str(each.event) for each in told.denials] == ["mount"]
        assert "beacon policy PROFILE_DIR -o" in told.denials[0].change
