"""One image from profile to verdict, in this process."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand, own_effects
from beacon.campaign.journal import JOURNAL_FILE
from beacon.campaign.never import unserved, why_unserved
from beacon.campaign.profiling import profile as profile_image
from beacon.campaign.request import ProfileRequest, VerifyRequest
from beacon.campaign.run import RunSpec
from beacon.campaign.seal import NoKeyError, has_seal, seal
from beacon.campaign.verifying import verify
from beacon.data.cves import cves
from beacon.data.dimensions import general, select
from beacon.data.runtimes import all_tables
from beacon.errors import BeaconError, UsageError
from beacon.export.all import OUTDATED, render_all
from beacon.fleet.image import FleetImage
from beacon.fleet.job import Done, Job
from beacon.fleet.result import Result, Status
from beacon.model.files import (
    ABLATION_FILE,
    PROFILE_FILE,
    VERIFICATION_FILE,
    encode,
    load_profile,
    load_scripts,
    write_files,
    writing,
)
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.model.profile import Estimate, Profile
from beacon.model.recognition import Recognition
from beacon.model.run import Run
from beacon.model.verification import Verification
from beacon.synthesis.exposure import exposures
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.discovery import is_known

#: The directories of an image, below its own.
PROFILE, POLICY = "profile", "policy"

_Document = TypeVar("_Document", Profile, Policy)

_OFTEN = 10  # runs between two lines of progress
_PATIENCE = 120.0  # seconds that an interrupted predecessor may take to clean up


def work(job: Job, tell: Callable[[str], None]) -> Done:
    """Profile, derive, verify; a BeaconError becomes the reason why it failed."""
    began = time.monotonic()
    with _directory(job) as directory:
        try:
            result = _work(job, directory, tell)
        except BeaconError as error:
            result = _result(job, status=Status.FAILED, reason=str(error))
        files = {} if job.directory else dict(_files(directory))
    seconds = round(time.monotonic() - began, 1)
    return Done(msgspec.structs.replace(result, seconds=seconds), files)


def _work(job: Job, directory: Path, tell: Callable[[str], None]) -> Result:
    with _alone(directory):
        recorded = _recorded(job, directory / PROFILE, tell)
        if gaps := recorded.gaps():
            run = unserved(recorded.runs)
            why_not = gaps[0] if run is None else why_unserved(run)
            return _result(job, recorded, status=Status.FAILED, reason=why_not)
        if job.record_only:
            return _result(job, recorded, status=Status.RECORDED)
        policy = _derived(job, recorded, directory)
        tell("verifying")
        verification = _verified(job, directory / POLICY, _Lines(tell))
        status = Status(verification.verdict.value)
        reason = None if verification.passed else why(verification)
        return _result(job, recorded, policy, status=status, reason=reason)


def _recorded(job: Job, directory: Path, tell: Callable[[str], None]) -> Profile:
    if job.profile is not None:
        write_files(directory, job.profile)
        return load_profile(directory)
    tell("profiling")
    recorded = profile_image(_request(job, directory), _Lines(tell))
    recorded = _sealed(recorded)
    write_files(directory, {PROFILE_FILE: encode(recorded)}, outdated=[ABLATION_FILE])
    return recorded


def _request(job: Job, directory: Path) -> ProfileRequest:
    entry = job.unit.entry
    return ProfileRequest(
        image=entry.image,
        launch=entry.launch,
        workload=entry.workload,
        pull=entry.pull,
        settings=job.unit.settings,
        services=entry.services,
        as_configured=entry.as_configured,
        strategy=entry.strategy,
        dimensions=entry.dimensions,
        max_runs=entry.max_runs,
        time_budget=entry.time_budget,
        target=entry.target,
        seed=entry.seed,
        jobs=job.jobs,
        directory=directory,
        resume=job.resume,
        engine=job.unit.engine,
    )


def _derived(job: Job, recorded: Profile, directory: Path) -> Policy:
    policy = synthesize(recorded, PRESETS[job.unit.entry.preset], runtimes=all_tables())
    # What another host recorded may ask for what nobody here agreed to.
    policy = _sealed(policy) if has_seal(recorded, _note) else policy
    contents = load_scripts(directory / PROFILE, recorded.scripts)
    scripts = {each.file: contents[each.name] for each in recorded.scripts}
    files = render_all(policy) | scripts
    write_files(directory / POLICY, files, outdated=OUTDATED)
    return policy


def _verified(job: Job, directory: Path, lines: _Lines) -> Verification:
    entry, settings = job.unit.entry, job.unit.settings
    chosen = select((*general(), *settings.dimensions), entry.dimensions or ())
    request = VerifyRequest(
        directory,
        quick=entry.quick,
        starts=entry.starts,
        jobs=job.jobs,
        consent=Consent(workloads=_workloads(entry), launch=entry.launch),
        granted={**own_effects(settings.dimensions), **own_effects(chosen)},
        engine=job.unit.engine,
    )
    verification = verify(request, lines)
    write_files(directory, {VERIFICATION_FILE: encode(verification)})
    return verification


def _workloads(entry: FleetImage) -> frozenset[str]:
    names = entry.workload.split("+") if entry.workload else ()
    return frozenset(name if is_known(name) else str(Path(name).resolve()) for name in names)


def _sealed(document: _Document) -> _Document:
    try:
        return seal(document)
    except NoKeyError:  # `beacon verify` asks for the options once more
        return document


def _result(
    job: Job,
    recorded: Profile | None = None,
    policy: Policy | None = None,
    *,
    status: Status,
    reason: str | None = None,
) -> Result:
    exposed = [] if policy is None else exposures(policy.events(), cves())
    return Result(
        name=job.unit.name,
        image=job.unit.entry.image,
        status=status,
        reason=reason,
        runs=0 if recorded is None else len(recorded.runs),
        syscalls=0 if policy is None else len(policy.names()),
        capabilities=() if policy is None else policy.capabilities(),
        cves_stopped=sum(each.stopped for each in exposed),
        cves=len(exposed),
        hosts=(socket.gethostname(),),
    )


def why(verification: Verification) -> str:
    """What differs, in a sentence: the first of it, and how much more there is."""
    found = list(_differences(verification))
    more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else "nothing was run"


def _differences(verification: Verification) -> Iterator[str]:
    yield from (each.sentence() for each in verification.files)
    for run in verification.runs:
        where = f"{run.workload} in {run.environment.name}"
        shown = (*run.differences, *(each.difference for each in run.control_differences))
        yield from (f"{each.kind}: {each.name} ({each.detail}), {where}" for each in shown)
    if verification.starts is not None:
        starts = verification.starts
        yield from (
            f"{each.kind}: {each.name} ({each.detail}), start" for each in starts.differences
        )
        if starts.failed:
            yield f"{starts.failed} of {starts.count} starts failed: {'; '.join(starts.reasons)}"


@contextmanager
def _directory(job: Job) -> Iterator[Path]:
    """Where its files are; a folder of our own is removed with them."""
    if job.directory is not None:
        yield Path(job.directory)
        return
    with TemporaryDirectory(prefix="beacon-fleet-") as folder:
        yield Path(folder)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until a predecessor, which was interrupted, has removed its containers."""
    deadline = time.monotonic() + _PATIENCE
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(writing(directory))
                break
            except UsageError:
                if time.monotonic() > deadline or not directory.is_dir():
                    raise
                time.sleep(1)
        yield


def _files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """All but the journal, which only its own host can continue."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name != JOURNAL_FILE:
            yield str(path.relative_to(directory)), path.read_bytes()


def _note(text: str) -> None:
    """A line for the log of this process."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


class _Lines:
    """A reporter: now and then a line for whoever watches the whole fleet."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._done, self._events = 0, 0

    def say(self, text: str) -> None:
        """Keep it out of the lines about the fleet."""
        _note(text)

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        """All of it is in the fleet's file."""

    def planned(self, total: int) -> None:
        """It changes with each run; the number of those done says enough."""

    def resumed(self, runs: int, new_events: int) -> None:
        """So many runs an earlier command has done."""
        with self._lock:
            self._done += runs
            self._events += new_events

    def estimated(self, estimate: Estimate) -> None:
        """It is in the profile."""

    def recognised(self, recognition: Recognition) -> None:
        """What the first run showed the container to be."""
        self._tell(recognition.sentence() or "recognised: nothing that an installed service knows")

    def started(self, cell: RunSpec) -> None:
        """A run begins."""

    def finished(self, cell: RunSpec, run: Run, new_events: int) -> None:
        """A run ended."""
        with self._lock:
            self._done += 1
            self._events += new_events
            done, events = self._done, self._events
        if done % _OFTEN == 0:
            self._tell(f"{done} runs, {events} events")
