"""Ablates the policy of a profile as a request asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Protocol

import msgspec

from beacon import __version__
from beacon.campaign.ablation import BY_CHANCE, PRIVILEGES, Ablator
from beacon.campaign.ablation_journal import Journal, Removal
from beacon.campaign.ablation_runs import AblationRuns, Question
from beacon.campaign.consent import Consent, changed_input, check_consent
from beacon.campaign.demands import Demand, demands, script_digests
from beacon.campaign.enforced import enforcement
from beacon.campaign.neighbours import beside
from beacon.campaign.open_context import open_context
from beacon.campaign.pod_life import check_pod, pod_life
from beacon.campaign.record import Budget
from beacon.campaign.request import AblateRequest
from beacon.campaign.run import Conditions
from beacon.campaign.scripts import kept_scripts
from beacon.campaign.seal import has_seal
from beacon.campaign.standard_input import standard_input
from beacon.campaign.whole import check_whole
from beacon.compose.interface import Stack
from beacon.data.runtimes import all_tables
from beacon.engines.interface import EngineFacts
from beacon.errors import UsageError
from beacon.model.ablation import ABLATION_VERSION, AblatedEntry, Ablation, Necessity
from beacon.model.event import sort_key
from beacon.model.files import load_profile
from beacon.model.intent import Intent
from beacon.model.policy import Policy, Replay
from beacon.model.profile import Profile
from beacon.model.run import Run, RunKind
from beacon.pod.interface import Pod
from beacon.synthesis.ablated import of_runtime, units, untestable
from beacon.synthesis.intents import check_environments
from beacon.synthesis.privileges import GivingUp, always_given_up, guarded
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.discovery import find_kept

#: Among environments: all that were recorded.
EVERYWHERE = "*"


class AblationReporter(Protocol):
    """Told of the progress, from several threads."""

    def say(self, text: str) -> None:
        """Something that the user should know, a sentence."""

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        """What a profile's file asks of this host, all of it consented to."""

    def tried(self, question: Question, removal: Removal) -> None:
        """A removal was tried."""


def ablate(request: AblateRequest, reporter: AblationReporter) -> Ablation:
    """Run the image again and again under its policy without some of the entries.

    UsageError for a profile that is not of the image as it is, and for what the caller did not
    consent to; other BeaconErrors for the host, the engine and the kernel, and where the container
    differs under the whole policy.
    """
    profile = load_profile(request.profile)
    # Whatever was seen, without a reserve: no run says anything of what no run showed.
    policy = synthesize(profile, Intent(), allow_incomplete=True, runtimes=all_tables())
    service = check_whole(policy, request.stack, request.pod)
    replays = _chosen(policy, profile, request.environments)
    consent = _consented(request, profile, policy, replays, reporter)
    find = partial(find_kept, kept=kept_scripts(policy, request.profile))
    launch = msgspec.structs.replace(
        policy.launch, stdin=consent.launch.stdin or policy.launch.stdin
    )
    with (
        standard_input(launch) as (launch, stdin),
        open_context(request.engine, reporter.say) as context,
        beside(context, request.stack, service, reporter.say) as place,
    ):
        if note := changed_input(policy.launch, stdin, consent):
            reporter.say(f"Note: {note}.")
        image = context.engine.image(policy.image.reference)
        if image.id != policy.image.id:
            raise UsageError(
                f"{image.reference} has changed since it was profiled: profile it again."
            )
        conditions = Conditions(
            image=image,
            launch=launch,
            enforcement=enforcement(policy),
            surroundings=policy.surroundings,
            stdin=stdin,
            place=place,
            pod=pod_life(context, request.pod, check_pod(policy.launch, request.pod), image),
            ends=policy.ends_by_itself(),
            serves=policy.never_ends(),
        )
        engine = context.engine.facts()
        mark = _identity(policy, replays, engine, request.stack or request.pod)
        with Journal(request.profile, mark, resume=request.resume) as journal:
            if request.resume:
                reporter.say(f"Going on after {len(journal)} answers.")
            runs = AblationRuns(
                context=context,
                conditions=conditions,
                policy=policy,
                find_workload=find,
                budget=Budget(request.max_runs, request.time_budget),
                journal=journal,
                tell=reporter.tried,
                jobs=request.jobs,
                given_up=_given_up(profile),
            )
            with _kept(journal, request, reporter):
                return _ablated(runs, profile, replays, request.starts, engine.runtime)


@contextmanager
def _kept(journal: Journal, request: AblateRequest, reporter: AblationReporter) -> Iterator[None]:
    """Say what an interrupt or an error leaves to continue with."""
    try:
        yield
    except BaseException:
        if len(journal):
            reporter.say(
                f"Kept in {request.profile}: {len(journal)} answers; repeat the command with "
                "--resume to continue."
            )
        raise


def _given_up(profile: Profile) -> dict[RunKind, frozenset[GivingUp]]:
    runs: dict[RunKind, list[Run]] = {}
    for run in profile.runs:
        runs.setdefault(run.kind, []).append(run)
    return {kind: always_given_up(alike) for kind, alike in runs.items()}


def _ablated(
    runs: AblationRuns, profile: Profile, replays: Sequence[Replay], starts: int, runtime: str
) -> Ablation:
    policy = runs.policy
    environments = tuple(dict.fromkeys(each.environment for each in replays))
    silent = untestable(policy, environments)
    kept = of_runtime(policy, all_tables())
    testable = [unit for unit in units(policy) if unit.isdisjoint(silent)]
    asking = guarded(profile.runs)
    protected = {unit: PRIVILEGES for unit in testable if not unit.isdisjoint(asking)}
    protected |= {unit: BY_CHANCE for unit in testable if not unit.isdisjoint(kept)}
    ablator = Ablator(
        runs=runs, units=testable, protected=protected, replays=replays, starts=starts
    )
    ablator.run()
    tested = ablator.entries()
    others = policy.events() - {each.event for each in tested}
    untested = (
        AblatedEntry(event=e, necessity=Necessity.UNTESTED, because=silent.get(e, ""))
        for e in others
    )
    return Ablation(
        image=policy.image,
        profile=profile.digest(),
        environments=environments,
        entries=tuple(sorted((*tested, *untested), key=lambda each: sort_key(each.event))),
        runs=runs.made,
        complete=ablator.complete,
        beacon=__version__,
        runtime=runtime,
        starts=ablator.started,
    )


def _chosen(policy: Policy, profile: Profile, names: Sequence[str]) -> list[Replay]:
    """The recorded runs that are repeated: those of the default environment, and of the named."""
    if EVERYWHERE in names:
        return [*policy.replays]
    intent = Intent(matter=tuple(names))
    check_environments(intent, profile)
    return [each for each in policy.replays if intent.matters(each.environment)]


def _consented(
    request: AblateRequest,
    profile: Profile,
    policy: Policy,
    replays: Sequence[Replay],
    reporter: AblationReporter,
) -> Consent:
    sealed = has_seal(profile, reporter.say)
    scripts = script_digests(policy, request.profile)
    consent = replace(request.consent, sealed=sealed, script=profile.script, scripts=scripts)
    enforced = enforcement(policy)
    if found := demands(policy, replays, enforced, request.granted, request.profile):
        check_consent(found, consent)
        reporter.demanded(found, consent)
    return consent


def _identity(
    policy: Policy, replays: Sequence[Replay], engine: EngineFacts, around: Stack | Pod | None
) -> str:
    """What a journal has to agree in to be this ablation's."""
    words = (
        (__version__, ABLATION_VERSION),
        (engine.name, engine.runtime),
        None if around is None else around.key,
        policy.image.id,
        policy.launch,
        sorted(policy.events(), key=sort_key),
        replays,
    )
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()
