"""Campaigns that never run: what each worker answers is written in the test."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import msgspec

from beacon.errors import UsageError
from beacon.fleet.image import FleetImage, Unit
from beacon.fleet.interface import Workers
from beacon.fleet.job import Done, Job
from beacon.fleet.process import WorkerDiedError
from beacon.fleet.result import Result, Status

Answer = Callable[[Job], Done | Exception]


def unit(name: str, *hosts: str) -> Unit:
    return Unit(FleetImage(image=f"{name}:1", name=name, hosts=hosts))


def done(job: Job, status: Status = Status.VERIFIED, files: dict[str, bytes] | None = None) -> Done:
    entry = job.unit.entry
    result = Result(name=entry.name, image=entry.image, status=status, seconds=1.0, hosts=("h",))
    return Done(result, files or {})


DIED = WorkerDiedError("its process was ended by SIGKILL")


class FakeWorkers(Workers):
    """Answers at once; keeps the jobs that it got, with their hosts."""

    def __init__(self, answer: Answer, *, shares_files: bool = True) -> None:
        self.shares_files = shares_files
        self.jobs: list[tuple[Job, str | None]] = []
        self.stopped = self.closed = False
        self._answer = answer

    def check_host(self, host: str) -> None:
        if self.shares_files or host == "nowhere":
            raise UsageError(f"There is no {host}.")

    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        decoded = msgspec.json.decode(job, type=Job)
        assert decoded.unit.name == name
        self.jobs.append((decoded, host))
        future: Future[bytes] = Future()
        future.set_running_or_notify_cancel()
        answer = self._answer(decoded)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(msgspec.json.encode(answer))
        return future

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


class Heard:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def began(self, name: str) -> None:
        self.lines.append(f"{name} began")

    def again(self, name: str, why: str) -> None:
        self.lines.append(f"{name} again: {why}")

    def kept(self, result: Result) -> None:
        self.lines.append(f"{result.name} kept")

    def ended(self, result: Result) -> None:
        self.lines.append(f"{result.name} {result.status}")
