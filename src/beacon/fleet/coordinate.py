"""Hands a fleet's campaigns out, again where a worker died, and collects what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.fleet.campaign import PROFILE
from beacon.fleet.image import Unit
from beacon.fleet.interface import Workers
from beacon.fleet.job import Done, Job
from beacon.fleet.journal import FleetJournal
from beacon.fleet.process import WorkerDiedError
from beacon.fleet.result import Result, Status, Summary, of_all_hosts
from beacon.model.files import PROFILE_FILE, encode, load_profile, load_scripts, write_files
from beacon.model.text import escape_untrusted
from beacon.synthesis.merge import merge

_TICK = 1.0  # seconds between two looks at who has begun
_OTHERWISE = (
    "its worker did not do what it was asked for: install the same version of BeaCon on all hosts"
)


class Observer(Protocol):
    """Whom the coordinator tells."""

    def began(self, name: str) -> None:
        """A worker of this host has begun with the image."""

    def again(self, name: str, why: str) -> None:
        """Its worker died; another one gets it."""

    def kept(self, result: Result) -> None:
        """An earlier command has done it."""

    def ended(self, result: Result) -> None:
        """Nothing more will come of the image."""


@dataclass(frozen=True)
class Plan:
    """`jobs` runs at a time in a campaign, `retries` after a worker's death, files in `output`."""

    output: Path
    jobs: int
    retries: int = 2


@dataclass(frozen=True)
class _Attempt:
    """A job for the `host` (None: any), for the `number`th time."""

    unit: Unit
    host: str | None
    job: Job
    number: int = 1
    begun: bool = False


@dataclass
class _Hosts:
    """An image that several hosts record, then verify: what has come of the part under way."""

    waiting: set[str]
    spent: float  # seconds before this part
    results: list[Result] = field(default_factory=list)


class Coordinator:
    """Runs campaigns; a failing one stops no other."""

    def __init__(
        self, workers: Workers, plan: Plan, journal: FleetJournal, observer: Observer
    ) -> None:
        self._workers, self._plan = workers, plan
        self._journal, self._observer = journal, observer
        self._pending: dict[Future[bytes], _Attempt] = {}
        self._hosts: dict[str, _Hosts] = {}
        self._results: dict[str, Result] = {}

    def run(self, units: Sequence[Unit]) -> Summary:
        """What came of all; WorkersLostError where nobody works any more."""
        for host in dict.fromkeys(host for unit in units for host in unit.entry.hosts):
            self._workers.check_host(host)
        for unit in units:
            if (result := self._journal.result(unit)) is not None:
                self._results[unit.name] = result
                self._observer.kept(result)
            else:
                self._begin(unit)
        while self._pending:
            done, _ = wait(self._pending, _TICK, FIRST_COMPLETED)
            for future in done:
                self._take(self._pending.pop(future), future)
            for future in self._workers.stranded():
                future.cancel()
            self._tell_begun()
        return Summary(images=tuple(self._results[unit.name] for unit in units))

    def _begin(self, unit: Unit) -> None:
        if not unit.entry.hosts:
            resume = self._journal.has_begun(unit)
            self._submit(_Attempt(unit, None, self._job(unit, resume=resume)))
            return
        self._hand_out(unit, self._job(unit, record_only=True), 0.0)

    def _hand_out(self, unit: Unit, job: Job, spent: float) -> None:
        """To each of its hosts."""
        self._hosts[unit.name] = _Hosts(set(unit.entry.hosts), spent)
        for host in dict.fromkeys(unit.entry.hosts):
            self._submit(_Attempt(unit, host, job))

    def _job(
        self,
        unit: Unit,
        *,
        resume: bool = False,
        record_only: bool = False,
        profile: dict[str, bytes] | None = None,
    ) -> Job:
        shared = self._workers.shares_files and not unit.entry.hosts
        directory = str((self._plan.output / unit.name).absolute()) if shared else None
        return Job(unit, self._plan.jobs, directory, resume and shared, record_only, profile)

    def _submit(self, attempt: _Attempt) -> None:
        job = msgspec.json.encode(attempt.job)
        try:
            future = self._workers.submit(attempt.unit.name, job, attempt.host)
        except UsageError as error:  # its host has gone since it was looked for
            self._collect(attempt, self._failed(attempt, str(error)))
            return
        self._pending[future] = attempt

    def _tell_begun(self) -> None:
        """Of those that wait nothing is kept: in their directories is nothing to continue."""
        for future, attempt in self._pending.items():
            if self._workers.shares_files and future.running() and not attempt.begun:
                self._pending[future] = replace(attempt, begun=True)
                self._journal.begin(attempt.unit)
                self._observer.began(attempt.unit.name)

    def _take(self, attempt: _Attempt, future: Future[bytes]) -> None:
        try:
            done = msgspec.json.decode(future.result(), type=Done)
        except Exception as error:  # whatever a death is to this executor
            self._retry(attempt, error)
            return
        # Whatever a worker says, it is about what it was asked for.
        entry = attempt.unit.entry
        result = msgspec.structs.replace(
            done.result, name=entry.name, image=entry.image, attempts=attempt.number
        )
        recorded = result.status is Status.RECORDED
        if result.status is not Status.FAILED and recorded is not attempt.job.record_only:
            self._collect(attempt, self._failed(attempt, _OTHERWISE))
            return
        try:
            place = self._place(attempt)
            for folder, files in _by_folder(done.files).items():
                write_files(place / folder, files)
        except BeaconError as error:
            result = self._failed(attempt, str(error))
        self._collect(attempt, result)

    def _retry(self, attempt: _Attempt, error: BaseException) -> None:
        if isinstance(error, CancelledError):
            error = WorkerDiedError("its host has gone")
        why = escape_untrusted(str(error)[:300]) or type(error).__name__
        if attempt.number > self._plan.retries:
            times = f"{attempt.number} times" if attempt.number > 1 else "once"
            self._collect(attempt, self._failed(attempt, f"its worker died {times}: {why}"))
            return
        self._observer.again(attempt.unit.name, why)
        job = attempt.job
        if job.directory is not None:
            job = msgspec.structs.replace(job, resume=True)
        self._submit(_Attempt(attempt.unit, attempt.host, job, attempt.number + 1))

    def _failed(self, attempt: _Attempt, reason: str) -> Result:
        entry = attempt.unit.entry
        return Result(
            name=entry.name,
            image=entry.image,
            status=Status.FAILED,
            reason=reason,
            attempts=attempt.number,
        )

    def _collect(self, attempt: _Attempt, result: Result) -> None:
        """The end of an image, or of one host's part of it."""
        unit, state = attempt.unit, self._hosts.get(attempt.unit.name)
        if state is None or attempt.host is None:
            self._end(unit, result)
            return
        if result.status is Status.FAILED:
            result = msgspec.structs.replace(result, reason=f"{attempt.host}: {result.reason}")
        state.results.append(result)
        state.waiting.discard(attempt.host)
        if state.waiting:
            return
        spent = state.spent + sum(each.seconds for each in state.results)
        failed = [each for each in state.results if each.status is Status.FAILED]
        if not failed and attempt.job.record_only:
            self._verify_merged(attempt, spent)
            return
        found = failed[0] if failed else of_all_hosts(state.results)
        self._end(unit, msgspec.structs.replace(found, seconds=round(spent, 1)))

    def _verify_merged(self, attempt: _Attempt, spent: float) -> None:
        unit = attempt.unit
        try:
            profile = self._merged(unit)
        except BeaconError as error:
            self._end(unit, self._failed(attempt, str(error)))
            return
        self._hand_out(unit, self._job(unit, profile=profile), spent)

    def _merged(self, unit: Unit) -> dict[str, bytes]:
        """The files of all hosts' profiles as one; UsageError for those that cannot be one."""
        places = [self._host_place(unit, host) / PROFILE for host in unit.entry.hosts]
        profiles = [load_profile(place) for place in places]
        scripts: dict[str, bytes] = {}
        for place, profile in zip(places, profiles, strict=True):
            contents = load_scripts(place, profile.scripts)
            scripts |= {each.file: contents[each.name] for each in profile.scripts}
        files = {PROFILE_FILE: encode(merge(profiles)), **scripts}
        write_files(self._plan.output / unit.name / PROFILE, files)
        return files

    def _place(self, attempt: _Attempt) -> Path:
        """Where the files of a job go: those that one host recorded beside those of the image."""
        if attempt.host is not None and attempt.job.record_only:
            return self._host_place(attempt.unit, attempt.host)
        return self._plan.output / attempt.unit.name

    def _host_place(self, unit: Unit, host: str) -> Path:
        number = unit.entry.hosts.index(host) + 1
        return self._plan.output / unit.name / f"host-{number}"

    def _end(self, unit: Unit, result: Result) -> None:
        self._hosts.pop(unit.name, None)
        self._journal.end(unit, result)
        self._results[unit.name] = result
        self._observer.ended(result)


def _by_folder(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Files by their folder; BeaconError for a path that a worker has no business with."""
    found: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        folder, slash, name = path.partition("/")
        if not slash or not _plain(folder) or not _plain(name):
            raise BeaconError(
                f"A worker sent a file {escape_untrusted(path[:100])!r}, which no campaign has: "
                "look at that worker."
            )
        found.setdefault(folder, {})[name] = content
    return found


def _plain(name: str) -> bool:
    return bool(name) and "/" not in name and not name.startswith(".") and name.isprintable()


def statuses(results: Sequence[Result]) -> Iterator[str]:
    """`3 verified, 1 failed`: how many came to what, the best first."""
    for status in Status:
        if count := sum(each.status is status for each in results):
            yield f"{count} {status}"
