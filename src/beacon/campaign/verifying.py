"""Verifies the policy in a directory as a request asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import msgspec

from beacon import __version__
from beacon.campaign.certifying import certify
from beacon.campaign.consent import Consent, changed_input, check_consent
from beacon.campaign.context import RunContext
from beacon.campaign.demands import Demand, demands, script_digests
from beacon.campaign.edited import edits
from beacon.campaign.enforced import Enforced, read_enforced
from beacon.campaign.left_out import verify_left_out
from beacon.campaign.manifest import as_manifest
from beacon.campaign.neighbours import beside
from beacon.campaign.open_context import open_context
from beacon.campaign.pod_life import check_pod, pod_life
from beacon.campaign.record import describe_host
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import VerifyRequest
from beacon.campaign.run import Conditions
from beacon.campaign.scripts import kept_scripts, not_recorded
from beacon.campaign.seal import has_seal
from beacon.campaign.series import Series
from beacon.campaign.standard_input import standard_input
from beacon.campaign.starts import start_again
from beacon.campaign.verify import Kept, chosen, verify_runs
from beacon.campaign.whole import check_whole
from beacon.engines.choose import PODS
from beacon.engines.interface import Enforcement
from beacon.errors import UsageError
from beacon.export.seccomp import SeccompExporter
from beacon.model.deviation import Deviation, is_wider
from beacon.model.files import load_policy
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from beacon.model.verification import Verification
from beacon.synthesis.architectures import architectures, not_for
from beacon.synthesis.runtime_floor import other_engine, other_runtime
from beacon.workloads.discovery import find, find_kept
from beacon.workloads.interface import Workload
from beacon.workloads.script import ScriptWorkload


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A policy with its files as they are: what is enforced, how they differ from policy.json.

    `found` is what they ask of this host, as far as the caller consented. `scripts` are the
    workloads that are kept beside it, `further` those that the caller named. It is for this
    `service` of a stack, if any.
    """

    policy: Policy
    enforced: Enforced
    files: tuple[Deviation, ...]
    found: list[Demand]
    consent: Consent
    scripts: Mapping[str, ScriptWorkload] = field(default_factory=dict)
    further: tuple[Workload, ...] = ()
    service: str | None = None

    def find(self, name: str) -> Workload:
        """The workload that the policy calls so."""
        return find_kept(name, self.scripts)


def verify(request: VerifyRequest, reporter: Reporter, kept: Kept | None = None) -> Verification:
    """Run the image under its policy, compare with what was recorded, see denials.

    UsageError for what the caller did not consent to, other BeaconErrors for the host, the engine
    and the kernel. Where a file allows more than policy.json nothing is run: see
    `Verification.files`. All runs are added to `kept`.
    """
    return verify_subject(request, read_subject(request, reporter), reporter, kept)


def verify_subject(
    request: VerifyRequest, subject: Subject, reporter: Reporter, kept: Kept | None = None
) -> Verification:
    """The same for a policy that has been read."""
    policy, jobs = subject.policy, request.jobs
    if is_wider(subject.files):  # a filter that nobody derived is not run
        return Verification(
            image=policy.image,
            runs=(),
            beacon=__version__,
            left_out=len(policy.replays),
            files=subject.files,
        )
    with opened(request, subject, reporter) as (context, conditions):
        series = Series(reporter)
        verification = verify_runs(
            context,
            conditions,
            policy,
            subject.find,
            series,
            jobs,
            quick=request.quick,
            further=subject.further,
            kept=kept,
        )
        left_out = None
        if request.leave_one_out:
            reporter.say("Repeating what lacks something when it is left out")
            left_out = verify_left_out(context, conditions, policy, subject.find, series, jobs)
        say_starts(request, reporter)
        started = None if kept is None else kept.enforced
        starts = start_again(context, conditions, policy, request.starts, jobs, started)
        runtime, host = context.engine.facts().runtime, describe_host(context)
    verification = msgspec.structs.replace(
        verification,
        starts=starts,
        runtime=runtime,
        files=subject.files,
        leave_one_out=left_out,
    )
    digest = subject.enforced.digest
    certificate = certify(
        verification, digest, host, policy.image, policy.recall, architectures(policy)
    )
    return msgspec.structs.replace(verification, certificate=certificate)


def read_subject(request: VerifyRequest, reporter: Reporter) -> Subject:
    """Read the policy and the files beside it; UsageError as `verify`."""
    if request.quick and request.leave_one_out:
        raise UsageError("--leave-one-out is about other environments: leave --quick out.")
    policy = load_policy(request.policy)
    enforced = read_enforced(request.policy)
    if enforced.former is not None:
        reporter.say(
            f"Note: docker.args names {enforced.former}, where this folder is not any more; "
            f"`docker run` needs {request.policy.resolve() / SeccompExporter.file} there."
        )
    files = edits(policy, request.policy, enforced.texts)
    if is_wider(files):
        return Subject(policy=policy, enforced=enforced, files=files, found=[], consent=Consent())
    service = check_whole(policy, request.stack, request.pod)
    found, consent = consented(request, policy, enforced, reporter)
    if request.consent.launch.stdin is not None and policy.launch.stdin is None:
        raise UsageError("This policy was recorded without --stdin: leave it out here, too.")
    scripts = kept_scripts(policy, request.policy)
    further = tuple(find(name) for name in not_recorded(policy, request.workloads))
    return Subject(
        policy=policy,
        enforced=enforced,
        files=files,
        found=found,
        consent=consent,
        scripts=scripts,
        further=further,
        service=service,
    )


def say_starts(request: VerifyRequest, reporter: Reporter) -> None:
    """Say how often the container is started again."""
    if request.starts:
        times = "1 more time" if request.starts == 1 else f"{request.starts} more times"
        reporter.say(f"Starting it {times}, without a workload")


def consented(
    request: VerifyRequest, policy: Policy, enforced: Enforced, reporter: Reporter
) -> tuple[list[Demand], Consent]:
    """List what the replays ask for; UsageError for what the caller did not consent to."""
    replays = chosen(policy, request.image or policy.image.reference, quick=request.quick)
    found = demands(policy, replays, enforced.enforcement, request.granted, request.policy)
    if not found:
        return found, Consent()
    sealed = has_seal(policy, reporter.say)
    scripts = script_digests(policy, request.policy)
    consent = replace(request.consent, sealed=sealed, script=policy.script, scripts=scripts)
    check_consent(found, consent)
    reporter.demanded(found, consent)
    return found, consent


def _enforced(
    request: VerifyRequest, subject: Subject, reporter: Reporter
) -> tuple[Enforcement, Launch]:
    """What is enforced, and how the container is started; over CRI as kubernetes.yaml says."""
    policy, enforced = subject.policy, subject.enforced
    if request.engine.engine == PODS:
        found = as_manifest(policy, enforced, request.policy)
        if found is not None:
            reporter.say("Each container is started as kubernetes.yaml says.")
            return found.enforcement, found.launch
        reporter.say("Note: there is no kubernetes.yaml: each container is started as recorded.")
    no_new = enforced.no_new_privileges
    return enforced.enforcement, msgspec.structs.replace(policy.launch, no_new_privileges=no_new)


@contextmanager
def opened(
    request: VerifyRequest, subject: Subject, reporter: Reporter
) -> Iterator[tuple[RunContext, Conditions]]:
    """What the policy's runs are run with, and under which conditions."""
    policy, consent = subject.policy, subject.consent
    enforcement, started = _enforced(request, subject, reporter)
    launch = msgspec.structs.replace(started, stdin=consent.launch.stdin or policy.launch.stdin)
    with (
        standard_input(launch) as (launch, stdin),
        open_context(request.engine, reporter.say) as context,
        beside(context, request.stack, subject.service, reporter.say) as place,
    ):
        if note := changed_input(policy.launch, stdin, consent):
            reporter.say(f"Note: {note}.")
        image = context.engine.image(
            request.image or policy.image.reference, platform=launch.platform
        )
        if image.id not in policy.image_ids():
            profiled = policy.image.reference
            same = image.reference == profiled
            other = f"is not the image that was profiled ({profiled})"
            what = "has changed since it was profiled" if same else other
            reporter.say(f"Note: {image.reference} {what}.")
            # What was given to one image was not given to another of its name.
            check_consent(subject.found, replace(consent, sealed=False))
        facts = context.engine.facts()
        notes = (
            not_for(policy, image.architecture),
            other_engine(policy, facts.name),
            other_runtime(policy, facts.runtime),
        )
        for note in filter(None, notes):
            reporter.say(f"Note: {note}.")
        if others := policy.other_images(image.reference):
            reporter.say(
                f"Note: this repeats no runs of {', '.join(others)}: name that image to do so."
            )
        pod = pod_life(context, request.pod, check_pod(policy.launch, request.pod), image)
        yield (
            context,
            Conditions(
                image=image,
                launch=launch,
                enforcement=enforcement,
                surroundings=policy.surroundings,
                stdin=stdin,
                place=place,
                pod=pod,
                ends=policy.ends_by_itself(),
                serves=policy.never_ends(),
                listens=policy.listens(),
            ),
        )
