"""Runs a policy's replays without it, and says what it would have denied.

They are what control runs are: the launch with its own filter, or the engine's default, and its own
capabilities. The monitor sees each call and each capability whatever the filter does, so no filter
has to log: SCMP_ACT_LOG writes an audit record for each call, of which the kernel's log keeps a few
and loses others for them. A filter that refuses nothing would also give an image more than
`docker run` does, io_uring for one, which hides what it does from every filter and monitor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from beacon import __version__
from beacon.campaign.blame import key_of
from beacon.campaign.compare import compare, exceptions
from beacon.campaign.control import without_policy
from beacon.campaign.record import run_specs
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import VerifyRequest
from beacon.campaign.run import RunSpec, run_once
from beacon.campaign.starts import start_again
from beacon.campaign.verify import chosen
from beacon.campaign.verifying import Subject, opened, read_subject, say_starts
from beacon.export.enforced_part import enforced_part
from beacon.model.deviation import is_wider
from beacon.model.environment import Environment
from beacon.model.logged import Logged, LoggedRun
from beacon.model.policy import Policy, Replay
from beacon.model.run import Run
from beacon.model.verification import Difference, DifferenceKind
from beacon.synthesis.remedy import remedy

#: What says that a run came to something else than the recorded one.
_TELLING = (DifferenceKind.ENDING, DifferenceKind.CHECK, DifferenceKind.LOSS)


@dataclass(frozen=True)
class Unrestricted:
    """Runs without the policy, of the image with this id; `starts` have no workload."""

    image: str
    runs: tuple[LoggedRun, ...]
    seen: tuple[Run, ...]
    starts: tuple[Run, ...]

    def steady(self) -> frozenset[str]:
        """The names of the runs that came to what was recorded."""
        return frozenset(run.name for run in self.runs if not run.differences)


def log(request: VerifyRequest, reporter: Reporter) -> Logged:
    """Run the image without its policy; errors as those of `verify`."""
    subject = read_subject(request, reporter)
    policy, files = subject.policy, subject.files
    if is_wider(files):
        return Logged(
            image=policy.image,
            runs=(),
            missing=(),
            beacon=__version__,
            starts=0,
            left_out=len(policy.replays),
            files=files,
        )
    found = unrestricted(request, subject, reporter)
    missing = remedy(policy, in_force(subject), (*found.seen, *found.starts)).missing
    image = request.image or policy.image.reference
    left_out = len(policy.replays_of(image)) - len(found.runs)
    return Logged(
        image=policy.image,
        runs=found.runs,
        missing=missing,
        beacon=__version__,
        starts=len(found.starts),
        left_out=left_out,
        files=files,
    )


def in_force(subject: Subject) -> Policy:
    """The part of the policy that its files, which may be narrower, let through."""
    enforced = subject.enforced.enforcement
    if not subject.files:
        return subject.policy
    return enforced_part(subject.policy, enforced.seccomp or "", enforced.capabilities or ())


def unrestricted(
    request: VerifyRequest, subject: Subject, reporter: Reporter, have: Iterable[Run] = ()
) -> Unrestricted:
    """Run every replay without the policy, then start the container again as often as wanted.

    Those are not repeated of which such runs are there already.
    """
    policy, jobs = subject.policy, request.jobs
    replays = chosen(policy, request.image or policy.image.reference, quick=request.quick)
    starts: list[Run] = []
    known = _by_name(have)
    with opened(request, subject, reporter) as (context, conditions):
        bare = without_policy(conditions, policy)
        specs = [
            RunSpec(
                environment=replay.environment, workload=subject.find(replay.workload), control=True
            )
            for replay in replays
        ]
        specs += [
            RunSpec(environment=Environment(), workload=each, control=True)
            for each in subject.further
        ]
        missing = [each for each in specs if str(each.kind) not in known]
        reporter.planned(len(missing))
        known |= _by_name(
            run_specs(context, partial(run_once, context, bare), missing, reporter, jobs)
        )
        say_starts(request, reporter)
        start_again(context, bare, policy, request.starts, jobs, starts)
    runs = [known[str(each.kind)] for each in specs]
    # What nobody recorded cannot differ from a record.
    logged = [_logged(policy, *each) for each in zip(replays, runs, strict=False)]
    logged += [
        LoggedRun(run.environment, run.workload, run.outcome, ()) for run in runs[len(replays) :]
    ]
    return Unrestricted(bare.image.id, tuple(logged), tuple(runs), tuple(starts))


def _by_name(runs: Iterable[Run]) -> dict[str, Run]:
    return {run.name: run for run in runs}


def _logged(policy: Policy, replay: Replay, run: Run) -> LoggedRun:
    excused = exceptions(policy, replay, run)
    found: tuple[Difference, ...] = tuple(
        each
        for each in compare(policy, replay, run)
        if each.kind in _TELLING and key_of(each) not in excused
    )
    return LoggedRun(run.environment, run.workload, run.outcome, found)
