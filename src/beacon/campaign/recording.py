"""Records a stack: a profile for each service while the user's own command runs."""

from __future__ import annotations

import msgspec

from beacon import __version__
from beacon.campaign.context import RunContext
from beacon.campaign.open_context import open_context
from beacon.campaign.reaching import with_reach
from beacon.campaign.record import describe_host
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import RecordRequest
from beacon.campaign.stack_run import Member, members, run_stack
from beacon.compose.read import read_stack
from beacon.errors import BeaconError, NothingObservedError
from beacon.model.coverage import coverage
from beacon.model.origin import ImageIdentity
from beacon.model.profile import Profile
from beacon.model.run import Outcome, Run
from beacon.model.text import escape_untrusted
from beacon.reach.cache import Cache, default_directory


class StackFailedError(NothingObservedError):
    """A service of a stack did not become ready; the diagnostics show what it last said."""

    def __init__(self, name: str, outcome: Outcome) -> None:
        reason = (outcome.detail or f"it {outcome.ending}").rstrip(".")
        super().__init__(f"The service {escape_untrusted(name)} never became ready: {reason}.")
        self._log = outcome.log

    def diagnostics(self) -> str | None:
        """The tail of the container's output."""
        return self._log or None


def record(request: RecordRequest, reporter: Reporter) -> dict[str, Profile]:
    """Start the stack, run the command, stop it; the profile of each service by its name.

    ComposeError for the file, StackFailedError when a service does not become ready, other
    BeaconErrors for the host, the engine and the kernel. `Profile.gaps` says what is incomplete,
    such as a command that failed.
    """
    stack = read_stack(request.compose)
    with open_context(request.engine, reporter.say) as context:
        chosen = members(context, stack, request.ready_timeout)
        lived = run_stack(context, stack, chosen, request.command, reporter)
        if lived.failed is not None:
            raise StackFailedError(lived.failed, lived.runs[lived.failed].outcome)
        reporter.say("Analysing what the images' programs can call.")
        return {
            each.name: _profile(context, each, lived.runs[each.name], reporter) for each in chosen
        }


def _profile(context: RunContext, member: Member, run: Run, reporter: Reporter) -> Profile:
    image = member.image
    found = Profile(
        image=ImageIdentity(image.reference, image.id, image.architecture),
        host=describe_host(context),
        launch=member.launch,
        runs=(run,),
        beacon=__version__,
    )
    found = msgspec.structs.replace(found, coverage=coverage(found.runs, found.surroundings))
    try:
        return with_reach(found, context.engine, image, Cache(default_directory()))
    except BeaconError as error:
        reporter.say(f"Note: {member.name}: {error}")
        return found
