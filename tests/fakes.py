"""An engine and a workload without containers, for the campaign's own logic."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import IO

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand
from beacon.campaign.run import RunSpec
from beacon.engines.interface import (
    NOTHING_IN_MEMORY,
    Container,
    Enforcement,
    Engine,
    EngineFacts,
    Existing,
    Image,
    Job,
    Life,
    NotReadyError,
    Place,
    Pull,
    Readiness,
    RefusedError,
)
from beacon.model.launch import Launch
from beacon.model.leftovers import Swept
from beacon.model.listener import Listener
from beacon.model.profile import Estimate
from beacon.model.recognition import Recognition
from beacon.model.run import Check, Run
from beacon.workloads.interface import Endpoint, Workload

IMAGE = Image(
    reference="example/server:1",
    id="sha256:0",
    architecture="amd64",
    ports=(80,),
    user="",
    command=(),
    health_check=False,
    stop_signal="SIGTERM",
)


@dataclass
class Script:
    """How the fake containers behave."""

    refuses_create: bool = False
    refuses_start: bool = False
    not_ready: NotReadyError | None = None
    refused: tuple[int, ...] = ()  # which containers it will not create, counted from 0
    unstartable: tuple[int, ...] = ()  # and which of them it will not start
    refuses_abort: bool = False
    dies: bool = False
    why_ended: str | None = None
    hangs: threading.Event | None = None
    listeners: tuple[Listener, ...] = (Listener(80),)
    connected: frozenset[int] = frozenset()
    archive: bytes | None = None  # the image's files


class FakeContainer(Container):
    id = "c0ffee"

    def __init__(self, engine: FakeEngine, number: int) -> None:
        self._engine, self._number = engine, number

    def start(self) -> None:
        script = self._engine.script
        if script.refuses_start or self._number in script.unstartable:
            raise RefusedError("The engine refused: no.")

    def wait_ready(self, readiness: Readiness) -> str:
        if self._engine.script.hangs:
            self._engine.script.hangs.wait(30)
        if self._engine.script.not_ready:
            raise self._engine.script.not_ready
        return "ready"

    def address(self) -> str | None:
        return "192.0.2.1"

    def env(self) -> dict[str, str]:
        return {}

    def running(self) -> bool:
        return not self._engine.script.dies

    def started_at(self) -> str:
        return "2026"

    def why_ended(self) -> str | None:
        return self._engine.script.why_ended

    def exit_code(self) -> int | None:
        return 1

    def pid(self) -> int:
        return 0

    def listeners(self) -> tuple[Listener, ...]:
        return self._engine.script.listeners

    def connected(self) -> frozenset[int]:
        return self._engine.script.connected

    def freeze(self, seconds: float, stop: threading.Event) -> None:
        pass

    def disconnect(self, seconds: float, stop: threading.Event) -> None:
        pass

    def exec(
        self, argv: Sequence[str], timeout: float = 60.0, *, user: str | None = None
    ) -> tuple[int, str]:
        return 0, ""

    def signal(self, name: str) -> None:
        pass

    def stop(self, grace: float) -> int | None:
        return 0

    def logs(self, lines: int = 20) -> str:
        return "last words"

    def output(self) -> dict[str, str | None]:
        return {"standard output": "00", "standard error": None}

    def file_capabilities(self, path: str) -> int:
        return 0

    def remove(self) -> None:
        self._engine.alive.discard(self)


@dataclass
class FakeEngine(Engine):
    script: Script = field(default_factory=Script)
    alive: set[FakeContainer] = field(default_factory=set)
    created: list[tuple[Enforcement, str]] = field(default_factory=list)
    aborted: bool = False
    asked: int = 0

    def facts(self) -> EngineFacts:
        return EngineFacts(
            name="fake", version="1", runtime="fake", cgroup_driver="cgroupfs", seccomp=True
        )

    def image(
        self, reference: str, *, pull: Pull = Pull.MISSING, platform: str | None = None
    ) -> Image:
        return IMAGE

    def files(self, image: Image) -> AbstractContextManager[IO[bytes]]:
        if self.script.archive is None:
            raise RefusedError("The engine exports nothing.")
        return nullcontext(io.BytesIO(self.script.archive))

    def create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        *,
        cgroup_parent: str,
        job: Job | None = None,
        publish: Sequence[str] = (),
    ) -> Container:
        number, self.asked = self.asked, self.asked + 1
        if self.script.refuses_create or number in self.script.refused:
            raise RefusedError("The engine refused: never.")
        self.created.append((enforcement, cgroup_parent))
        container = FakeContainer(self, number)
        self.alive.add(container)
        return container

    def existing(self, name: str) -> Existing:
        return Existing(
            container=FakeContainer(self, 0),
            name=name,
            image=IMAGE,
            launch=Launch(),
            seccomp=None,
            cgroup="/c0ffee",
        )

    def life(self, container: str) -> Life:
        return Life(not self.script.dies, 1, "2026")

    def place(
        self,
        volumes: Sequence[str],
        pod: Launch | None = None,
        memory: Mapping[str, str] = NOTHING_IN_MEMORY,
    ) -> AbstractContextManager[Place]:
        return nullcontext(Place("network", dict.fromkeys(volumes, "volume")))

    def abort(self) -> None:
        self.aborted = True
        if self.script.hangs:
            self.script.hangs.set()
        if self.script.refuses_abort:
            raise RefusedError("The engine does not remove it.")

    def close(self) -> None:
        pass

    def sweep(self, *, everything: bool = False) -> Swept:
        return Swept()


class FakeWorkload(Workload):
    name = "fake"

    def __init__(self, *checks: Check) -> None:
        self.checks = checks

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        return self.checks


class Diary:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.new_events: list[int] = []

    def planned(self, total: int) -> None:
        self.total = total

    def resumed(self, runs: int, new_events: int) -> None:
        self.taken = (runs, new_events)

    def estimated(self, estimate: Estimate) -> None:
        self.estimate = estimate

    def say(self, text: str) -> None:
        pass

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        pass

    def recognised(self, recognition: Recognition) -> None:
        self.recognition = recognition

    def started(self, spec: RunSpec) -> None:
        pass

    def finished(self, spec: RunSpec, run: Run, new_events: int) -> None:
        self.new_events.append(new_events)
