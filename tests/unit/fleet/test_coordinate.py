from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import msgspec
import pytest

from beacon.engines.choose import EngineChoice
from beacon.errors import ExitCode, UsageError
from beacon.fleet.coordinate import Coordinator, Plan
from beacon.fleet.image import Unit
from beacon.fleet.interface import WorkersLostError
from beacon.fleet.job import Done, Job
from beacon.fleet.journal import FleetJournal
from beacon.fleet.local import LocalWorkers
from beacon.fleet.process import WorkerDiedError
from beacon.fleet.result import Result, Status, Summary
from beacon.model.files import PROFILE_FILE, encode, load_profile
from builders import call, profile, run
from unit.fleet.fakes import DIED, Answer, FakeWorkers, Heard, done, unit


def fleet(
    output: Path,
    answer: Answer,
    *units: Unit,
    resume: bool = False,
    shares_files: bool = True,
    retries: int = 2,
) -> tuple[Summary, FakeWorkers, Heard]:
    workers, heard = FakeWorkers(answer, shares_files=shares_files), Heard()
    with FleetJournal(output, resume=resume) as journal, workers:
        plan = Plan(output, jobs=3, retries=retries)
        summary = Coordinator(workers, plan, journal, heard).run(units)
    return summary, workers, heard


def test_a_failing_image_stops_no_other(tmp_path: Path) -> None:
    def answer(job: Job) -> Done:
        return done(job, Status.FAILED if job.unit.name == "b" else Status.VERIFIED)

    summary, workers, heard = fleet(tmp_path, answer, unit("a"), unit("b"), unit("c"))
    statuses = [each.status for each in summary.images]
    assert statuses == [Status.VERIFIED, Status.FAILED, Status.VERIFIED]
    assert summary.exit_code is ExitCode.ERROR
    assert sorted(heard.lines) == ["a verified", "b failed", "c verified"]
    assert [job.directory for job, _ in workers.jobs] == [str(tmp_path / n) for n in "abc"]
    assert {job.jobs for job, _ in workers.jobs} == {3}
    assert workers.closed
    assert not workers.stopped


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ((Status.VERIFIED,), ExitCode.DONE),
        ((Status.VERIFIED, Status.ENVIRONMENT), ExitCode.ENVIRONMENT),
        ((Status.ENVIRONMENT, Status.POLICY), ExitCode.DIFFERENCE),
        ((Status.POLICY, Status.FAILED), ExitCode.ERROR),
    ],
)
def test_the_exit_code_is_that_of_the_worst(found: tuple[Status, ...], code: ExitCode) -> None:
    images = tuple(Result(name="a", image="a", status=status) for status in found)
    assert Summary(images=images).exit_code is code


def test_another_worker_gets_what_a_dead_one_had_and_goes_on(tmp_path: Path) -> None:
    deaths = iter([DIED])

    def answer(job: Job) -> Done | Exception:
        return next(deaths, done(job))

    summary, workers, heard = fleet(tmp_path, answer, unit("a"))
    assert (summary.images[0].status, summary.images[0].attempts) == (Status.VERIFIED, 2)
    assert [job.resume for job, _ in workers.jobs] == [False, True]
    assert heard.lines[0] == "a again: its process was ended by SIGKILL"


def test_an_image_that_kills_its_workers_is_given_up_and_named(tmp_path: Path) -> None:
    def answer(job: Job) -> Done | Exception:
        return WorkerDiedError("\x1b[31m") if job.unit.name == "bad" else done(job)

    summary, workers, _ = fleet(tmp_path, answer, unit("bad"), unit("good"))
    bad, good = summary.images
    assert (bad.status, bad.attempts) == (Status.FAILED, 3)
    assert bad.reason == r"its worker died 3 times: \x1b[31m"
    assert good.status is Status.VERIFIED
    assert Counter(job.unit.name for job, _ in workers.jobs) == {"bad": 3, "good": 1}
    (bad,) = fleet(tmp_path, answer, unit("bad"), retries=0)[0].images
    assert bad.reason == r"its worker died once: \x1b[31m"


def test_a_resumed_fleet_keeps_verdicts_and_tries_failures_again(tmp_path: Path) -> None:
    def first(job: Job) -> Done:
        return done(job, Status.POLICY if job.unit.name == "a" else Status.FAILED)

    fleet(tmp_path, first, unit("a"), unit("b"))
    units = unit("a"), unit("b"), unit("new")
    summary, workers, heard = fleet(tmp_path, done, *units, resume=True)
    assert [(job.unit.name, job.resume) for job, _ in workers.jobs] == [("b", True), ("new", False)]
    assert [each.status for each in summary.images] == [Status.POLICY, *[Status.VERIFIED] * 2]
    assert heard.lines[0] == "a kept"
    _, workers, _ = fleet(tmp_path, done, *units)
    assert [job.resume for job, _ in workers.jobs] == [False] * 3


def test_only_what_a_worker_had_is_continued(tmp_path: Path) -> None:
    """The coordinator is killed while one campaign runs and another one waits."""
    with LocalWorkers(1, lambda *_: None) as workers, FleetJournal(tmp_path, resume=False) as kept:
        gate = threading.Event()
        workers.submit = lambda *_: workers._executor.submit(gate.wait, 60)  # type: ignore[method-assign]
        coordinator = Coordinator(workers, Plan(tmp_path, jobs=1), kept, Killed())
        with pytest.raises(KeyboardInterrupt):
            coordinator.run((unit("a"), unit("b")))
        gate.set()
    _, again, _ = fleet(tmp_path, done, unit("a"), unit("b"), resume=True)
    assert [(job.unit.name, job.resume) for job, _ in again.jobs] == [("a", True), ("b", False)]


class Killed(Heard):
    """Ends the coordinator once a campaign has begun."""

    def began(self, name: str) -> None:
        raise KeyboardInterrupt


def test_a_changed_entry_is_another_campaign(tmp_path: Path) -> None:
    fleet(tmp_path, done, unit("a"))
    entry = msgspec.structs.replace(unit("a").entry, preset="strict")
    _, workers, _ = fleet(tmp_path, done, Unit(entry), resume=True)
    assert [job.resume for job, _ in workers.jobs] == [False]


def test_another_engine_is_another_campaign(tmp_path: Path) -> None:
    """What Docker verified says nothing of Podman, nor of another runtime."""

    def under(*words: str) -> Unit:
        return msgspec.structs.replace(unit("a"), engine=EngineChoice(*words))

    fleet(tmp_path, done, under("docker"))
    for other in (under("podman"), under("docker", "crun")):
        _, workers, _ = fleet(tmp_path, done, other, resume=True)
        assert [(job.unit.engine, job.resume) for job, _ in workers.jobs] == [(other.engine, False)]
    _, workers, heard = fleet(tmp_path, done, under("docker"), resume=True)
    assert (workers.jobs, heard.lines) == ([], ["a kept"])


def test_a_worker_elsewhere_sends_its_files(tmp_path: Path) -> None:
    def answer(job: Job) -> Done:
        return done(job, files={"policy/seccomp.json": b"{}", "profile/profile.json": b"1"})

    _, workers, _ = fleet(tmp_path, answer, unit("a"), shares_files=False)
    assert workers.jobs[0][0].directory is None
    assert (tmp_path / "a" / "policy" / "seccomp.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "path", ["../x", "x", "/etc/passwd", "policy/../../x", "policy/.x", "a/b/c", "policy/", ""]
)
def test_a_worker_writes_nowhere_else(tmp_path: Path, path: str) -> None:
    output = tmp_path / "output"
    summary, _, _ = fleet(
        output, lambda job: done(job, files={path: b"x"}), unit("a"), shares_files=False
    )
    assert summary.images[0].status is Status.FAILED
    assert "A worker sent a file" in str(summary.images[0].reason)
    assert [each.name for each in tmp_path.rglob("*")] == ["output", "fleet.jsonl"]


def test_a_worker_speaks_of_no_other_image(tmp_path: Path) -> None:
    def answer(job: Job) -> Done:
        return Done(Result(name="b", image="other", status=Status.VERIFIED))

    (result,) = fleet(tmp_path, answer, unit("a"))[0].images
    assert (result.name, result.image) == ("a", "a:1")


def test_a_worker_does_what_it_is_asked_for(tmp_path: Path) -> None:
    """An older BeaCon records where it should verify: an image without a verdict."""
    (result,) = fleet(tmp_path, lambda job: done(job, Status.RECORDED), unit("a"))[0].images
    assert result.status is Status.FAILED
    assert "install the same version" in str(result.reason)
    hosts = unit("a", "one", "two")
    (result,) = fleet(tmp_path, done, hosts, shares_files=False)[0].images
    assert result.status is Status.FAILED
    assert str(result.reason).startswith(("one: its worker did not", "two: its worker did not"))


def test_profiles_of_several_hosts_are_one_policy_that_each_verifies(tmp_path: Path) -> None:
    runtimes = iter(["runc 1", "crun 1"])

    def answer(job: Job) -> Done:
        if not job.record_only:
            return done(job, next(verdicts))
        recorded = profile(run(call("read")), runtime=next(runtimes))
        return done(job, Status.RECORDED, {f"profile/{PROFILE_FILE}": encode(recorded)})

    verdicts = iter([Status.ENVIRONMENT, Status.VERIFIED])
    summary, workers, heard = fleet(tmp_path, answer, unit("a", "one", "two"), shares_files=False)
    assert [(job.record_only, host) for job, host in workers.jobs] == [
        (True, "one"),
        (True, "two"),
        (False, "one"),
        (False, "two"),
    ]
    merged = load_profile(tmp_path / "a" / "profile")
    assert {each.origin.host.runtime for each in merged.sources} == {"runc 1", "crun 1"}
    given = workers.jobs[2][0].profile
    assert given is not None
    assert given[PROFILE_FILE] == encode(merged)
    (result,) = summary.images
    assert (result.status, result.seconds) == (Status.ENVIRONMENT, 4.0)
    assert heard.lines == ["a environment"]


def test_one_host_that_fails_is_named(tmp_path: Path) -> None:
    def answer(job: Job) -> Done | Exception:
        return next(answers)

    recorded = {f"profile/{PROFILE_FILE}": encode(profile(run(call("read"))))}
    one = Job(unit("a", "one", "two"), 1)
    answers: Iterator[Done | Exception] = iter([done(one, Status.RECORDED, recorded), *[DIED] * 3])
    (result,) = fleet(tmp_path, answer, one.unit, shares_files=False)[0].images
    assert str(result.reason).startswith("two: its worker died 3 times")


def test_profiles_that_cannot_be_one(tmp_path: Path) -> None:
    def answer(job: Job) -> Done:
        files = {f"profile/{PROFILE_FILE}": b"{}"}
        return done(job, Status.RECORDED, files)

    (result,) = fleet(tmp_path, answer, unit("a", "one", "two"), shares_files=False)[0].images
    assert "profile.json is damaged" in str(result.reason)


def test_a_host_that_sends_what_no_campaign_has_is_not_made_good_by_another(tmp_path: Path) -> None:
    recorded = {f"profile/{PROFILE_FILE}": encode(profile(run(call("read"))))}
    sent = iter([{"../x": b"x"}, recorded])

    def answer(job: Job) -> Done:
        return done(job, Status.RECORDED, next(sent))

    summary, workers, heard = fleet(tmp_path, answer, unit("a", "one", "two"), shares_files=False)
    (result,) = summary.images
    assert result.status is Status.FAILED
    assert str(result.reason).startswith("one: A worker sent a file")
    assert heard.lines == ["a failed"]
    assert len(workers.jobs) == 2


def test_workers_that_are_lost_between_recording_and_verifying(tmp_path: Path) -> None:
    recorded = {f"profile/{PROFILE_FILE}": encode(profile(run(call("read"))))}

    def answer(job: Job) -> Done:
        if not job.record_only:
            raise WorkersLostError("The scheduler takes no more jobs.")
        return done(job, Status.RECORDED, recorded)

    with pytest.raises(WorkersLostError):
        fleet(tmp_path, answer, unit("a", "one", "two"), shares_files=False)


class Vanishing(FakeWorkers):
    """A cluster whose host `two` goes before it is done, and does not come back."""

    def __init__(self, answer: Answer, *, comes_back: bool) -> None:
        super().__init__(answer, shares_files=False)
        self._waiting: list[Future[bytes]] = []
        self._comes_back, self._gone = comes_back, False

    def submit(self, name: str, job: bytes, host: str | None) -> Future[bytes]:
        if host != "two" or (self._gone and self._comes_back):
            return super().submit(name, job, host)
        if self._gone:
            raise UsageError("The cluster has no worker two.")
        self._gone = True
        self._waiting.append(Future())
        return self._waiting[-1]

    def stranded(self) -> Iterator[Future[bytes]]:
        for future in self._waiting:
            yield future
            future.set_running_or_notify_cancel()
        self._waiting.clear()


@pytest.mark.parametrize("comes_back", [False, True])
def test_nobody_waits_for_a_host_that_has_gone(tmp_path: Path, comes_back: bool) -> None:
    recorded = {f"profile/{PROFILE_FILE}": encode(profile(run(call("read"))))}

    def answer(job: Job) -> Done:
        status = Status.RECORDED if job.record_only else Status.VERIFIED
        return done(job, status, recorded if job.record_only else {})

    workers, heard = Vanishing(answer, comes_back=comes_back), Heard()
    with FleetJournal(tmp_path, resume=False) as journal, workers:
        plan = Plan(tmp_path, jobs=1)
        coordinator = Coordinator(workers, plan, journal, heard)
        (result,) = coordinator.run((unit("a", "one", "two"),)).images
    assert heard.lines[0] == "a again: its host has gone"
    if comes_back:
        assert result.status is Status.VERIFIED
    else:
        assert result.reason == "two: The cluster has no worker two."


def test_hosts_are_known_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no nowhere"):
        fleet(tmp_path, done, unit("a"), unit("b", "nowhere"), shares_files=False)
