"""One life of a stack: all its services, each watched from before its start, under one command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.campaign.stack_command import drive
from beacon.campaign.stack_stage import Part, Stage
from beacon.compose.interface import ComposeError, Stack, StackService
from beacon.engines.interface import Enforcement, Image, Place
from beacon.model.environment import Environment
from beacon.model.launch import Launch
from beacon.model.run import Run


@dataclass(frozen=True)
class Member:
    """A service as it is started: its image, its launch, and what it is restricted to."""

    service: StackService
    image: Image
    launch: Launch
    enforcement: Enforcement = field(default_factory=Enforcement)

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name


def members(context: RunContext, stack: Stack, ready_timeout: float) -> tuple[Member, ...]:
    """The services that the stack starts, with their images; ImageNotFoundError.

    ComposeError for a stack that starts none: a command that nothing serves would pass.
    """
    if not stack.started():
        raise ComposeError(
            f"{stack.path} starts no service, since all have profiles: take one out of them."
        )
    return tuple(
        Member(
            service,
            context.engine.image(service.image, platform=service.launch.platform),
            msgspec.structs.replace(service.launch, ready_timeout=ready_timeout),
        )
        for service in stack.started()
    )


@dataclass(frozen=True)
class StackRun:
    """The run of each service that was started; `failed` is the first that did not become ready."""

    runs: Mapping[str, Run]
    failed: str | None = None


def run_stack(
    context: RunContext,
    stack: Stack,
    chosen: Sequence[Member],
    command: Sequence[str],
    reporter: Reporter,
) -> StackRun:
    """Start all services in their order, run the command, stop them.

    The command has ended when a service is stopped, and so have those that need it.
    WorkloadError if the command cannot be started.
    """
    stage = Stage(context, stack, {each.name: each.service for each in chosen})
    with context.engine.place(stack.volumes) as place:
        works: list[Callable[[], Run | None]] = [
            *(partial(_live, context, stage, place, member, reporter) for member in chosen),
            partial(_drive, context, stage, command, reporter),
        ]
        found = context.in_parallel(_call, works, len(works))
    runs = {each.name: run for each, run in zip(chosen, found, strict=False) if run is not None}
    return StackRun(runs, stage.failed)


def _call(work: Callable[[], Run | None]) -> Run | None:
    return work()


def _live(
    context: RunContext, stage: Stage, place: Place, member: Member, reporter: Reporter
) -> Run | None:
    """One service from what it waits for to its end; None where that does not come."""
    if not stage.wait_for_needs(member.service):
        stage.ended(member.name, None)
        return None
    reporter.say(f"{member.name}: starting {member.image.reference}")
    conditions = Conditions(
        image=member.image,
        launch=member.launch,
        enforcement=member.enforcement,
        place=place,
        publish=member.service.publish,
        together=True,
    )
    run = run_once(
        context, conditions, RunSpec(environment=Environment(), workload=Part(stage, member.name))
    )
    stage.ended(member.name, run)
    return run


def _drive(context: RunContext, stage: Stage, command: Sequence[str], reporter: Reporter) -> None:
    if not stage.wait_for_all():
        return
    reporter.say(f"All services are ready; running {' '.join(command)}")
    check = drive(command, stage.endpoints, context.stopping, reporter.say)
    context.proceed()
    code = "with code 0" if check.passed else f"with code {check.value}"
    reporter.say(f"The command ended {code}.")
    stage.driven((check,))


def enforced(chosen: Sequence[Member], by: Mapping[str, Enforcement]) -> tuple[Member, ...]:
    """The members, restricted so."""
    return tuple(replace(each, enforcement=by[each.name]) for each in chosen)
