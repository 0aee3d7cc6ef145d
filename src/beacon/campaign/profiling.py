"""Profiles an image as a request asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from beacon.campaign.cleaning import clean
from beacon.campaign.completeness import with_completeness
from beacon.campaign.context import RunContext
from beacon.campaign.journal import Journal
from beacon.campaign.neighbours import beside
from beacon.campaign.open_context import open_context
from beacon.campaign.planning import check_services, identity, planner
from beacon.campaign.pod_life import pod_life
from beacon.campaign.reaching import with_reach
from beacon.campaign.recognising import Recogniser, reachable
from beacon.campaign.record import Budget, Campaign
from beacon.campaign.refusals import check_possible, without_effect
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import ProfileRequest
from beacon.campaign.run import Conditions
from beacon.campaign.standard_input import StandardInput, standard_input
from beacon.engines.interface import Image, Place
from beacon.errors import BeaconError
from beacon.model.files import write_files
from beacon.model.profile import Profile
from beacon.reach.cache import Cache, default_directory
from beacon.workloads.discovery import find, scripts_of, services
from beacon.workloads.suited import guess


def profile(request: ProfileRequest, reporter: Reporter) -> Profile:
    """Run the image in many environments, watched from the kernel.

    UsageError for what cannot come true, NeverReadyError when it never became ready, other
    BeaconErrors for the host, the engine and the kernel. The profile may be incomplete: see
    `Profile.gaps`.
    """
    check_services(request.services)
    with (
        standard_input(request.launch) as (launch, stdin),
        open_context(request.engine, reporter.say) as context,
        beside(context, request.stack, request.stack_service, reporter.say) as place,
    ):
        return _record(context, replace(request, launch=launch), stdin, place, reporter)


def _record(
    context: RunContext,
    request: ProfileRequest,
    stdin: StandardInput | None,
    place: Place | None,
    reporter: Reporter,
) -> Profile:
    launch = request.launch
    workload = None if request.workload is None else find(request.workload)
    image = context.engine.image(request.image, pull=request.pull, platform=launch.platform)
    check_possible(launch, image, request.workload)
    for note in without_effect(request, image):
        reporter.say(f"Note: {note}.")
    if workload is None and reachable(launch):
        find(guess(image.ports))  # a client that is missing is missed before the first run
    plan = planner(request, image, launch)
    surroundings, strategy = plan((), ())
    pod = pod_life(context, request.pod, request.pod_container, image)
    conditions = Conditions(
        image=image, launch=launch, surroundings=surroundings, stdin=stdin, place=place, pod=pod
    )
    vary = not request.as_configured
    recogniser = Recogniser(
        context=context,
        conditions=conditions,
        find=find,
        services=services(),
        named=request.services,
        vary=vary,
    )
    scripts = scripts_of(workload)
    written = [each.script for each in scripts]
    mark = identity(request, context.engine.facts(), image, launch, surroundings, written)
    with _journal(request, mark) as journal:
        campaign = Campaign(
            context=context,
            conditions=conditions,
            workload=workload,
            reporter=reporter,
            jobs=request.jobs,
            strategy=strategy,
            seed=request.seed,
            budget=Budget(request.max_runs, request.time_budget),
            journal=journal,
            recogniser=recogniser,
            plan=plan,
        )
        if journal is not None and request.resume:
            _tidy(context, reporter)
            reporter.say(f"Going on after {len(journal)} finished runs.")
        with _kept(journal, request, reporter):
            recorded = _with_reach(campaign.run(), context, image, reporter)
            if request.directory is not None and recorded.scripts:
                contents = {each.script.file: each.content for each in scripts}
                write_files(request.directory, contents)
            if any(run.environment.settings for run in recorded.runs):
                reporter.say("Leaving each environment out in turn.")
            return with_completeness(recorded, campaign.strategy.judges)


def _journal(request: ProfileRequest, mark: str) -> AbstractContextManager[Journal | None]:
    if request.directory is None:
        return nullcontext()
    return Journal(request.directory, mark, resume=request.resume)


def _with_reach(found: Profile, context: RunContext, image: Image, reporter: Reporter) -> Profile:
    """Add what the image's programs can call; a profile without it is whole, too."""
    reporter.say("Analysing what the image's programs can call.")
    began = time.monotonic()
    try:
        found = with_reach(found, context.engine, image, Cache(default_directory()))
    except BeaconError as error:
        reporter.say(f"Note: {error}")
        return found
    calls = len(found.reach.calls) if found.reach else 0
    reporter.say(f"They can make {calls} system calls ({time.monotonic() - began:.1f} s).")
    return found


@contextmanager
def _kept(journal: Journal | None, request: ProfileRequest, reporter: Reporter) -> Iterator[None]:
    """Say what an interrupt or an error leaves to continue with."""
    try:
        yield
    except BaseException:
        if count := 0 if journal is None else len(journal):
            reporter.say(
                f"Kept in {request.directory}: {count} finished {'run' if count == 1 else 'runs'}; "
                "repeat the command with --resume to continue."
            )
        raise


def _tidy(context: RunContext, reporter: Reporter) -> None:
    """Remove what the killed predecessor left, lest it disturb the runs to come."""
    removed = clean([context.engine]).removed
    if removed:
        reporter.say(f"Removed what a killed command left behind: {', '.join(removed)}.")
