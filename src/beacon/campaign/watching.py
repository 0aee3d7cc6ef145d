"""Watches a container that runs already: what it is denied, as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beacon.campaign.allowing import change
from beacon.campaign.context import RunContext
from beacon.campaign.open_context import open_engine, open_monitor
from beacon.campaign.watched_container import WatchedContainer, WatchReporter
from beacon.engines.choose import EngineChoice
from beacon.engines.interface import Existing, Life
from beacon.engines.processes import has_filter
from beacon.errors import BeaconError, UsageError
from beacon.export.audit import audit_copy
from beacon.export.seccomp import SeccompExporter
from beacon.model.denial import Watched
from beacon.model.files import load_policy
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.monitor.interface import NotHereError, Target
from beacon.synthesis.denials import Judge
from beacon.synthesis.intents import check_classes

#: How often it is tried to join a container that is started at the same moment.
_TRIES = 5


class UnfilteredError(UsageError):
    """A container without a seccomp filter: there is nothing to see."""


@dataclass(frozen=True)
class WatchRequest:
    """A container by name or id; the directory of the policy that it is judged by; how long."""

    container: str
    policy: Path | None = None
    seconds: float | None = None
    record: bool = False
    engine: EngineChoice = field(default_factory=EngineChoice)


def watch(
    request: WatchRequest, reporter: WatchReporter, stopped: Callable[[], bool]
) -> tuple[Watched, Profile | None]:
    """Watch until the container ends, the time is over, or it is `stopped`.

    Also what was recorded, if the request asks for it. UsageError for a container that does not
    exist or has no seccomp filter; other BeaconErrors for the engine, the host and the kernel.
    """
    policy = None if request.policy is None else _policy(request.policy)
    with closing(open_engine(request.engine, reporter.say)) as engine:
        found = engine.existing(request.container)
        _check_filter(found, engine.life(found.container.id))
        with closing(open_monitor(joining=True)) as monitor:
            context = RunContext(engine=engine, monitor=monitor)
            with _joined(context, found) as (target, life):
                reporter.say(f"Watching {found.name} ({_under(found, policy)}).")
                if not life.alive:
                    reporter.say("It does not run: waiting for its start.")
                one = WatchedContainer(
                    context=context,
                    found=found,
                    target=target,
                    life=life,
                    judge=Judge(policy),
                    allowing=lambda denial: change(denial, policy, request.policy),
                    reporter=reporter,
                    record=request.record,
                )
                one.run(request.seconds, stopped)
                return one.watched(), one.profile() if request.record else None


def _policy(directory: Path) -> Policy:
    policy = load_policy(directory)
    check_classes([*policy.events(), *policy.dropped()])
    return policy


def _check_filter(found: Existing, life: Life) -> None:
    if found.seccomp == "unconfined" or (life.pid and not has_filter(life.pid)):
        raise UnfilteredError(
            f"The container {found.name} has no seccomp filter, so nothing judges its calls: "
            "start it under a policy, a policy's logging copy, or Docker's default profile."
        )


@contextmanager
def _joined(context: RunContext, found: Existing) -> Iterator[tuple[Target, Life]]:
    """Join it as it lives; once more if it is started at the same moment."""
    identifier = found.container.id
    for _ in range(_TRIES):
        life = context.engine.life(identifier)
        try:
            with context.monitor.join(identifier, life.pid, found.cgroup) as target:
                if context.engine.life(identifier) == life:
                    yield target, life
                    return
        except NotHereError:
            if context.engine.life(identifier) == life:
                raise
    raise BeaconError(f"The container {found.name} is started again and again: try once more.")


def _under(found: Existing, policy: Policy | None) -> str:
    """What filter it has, in words."""
    if found.seccomp is None:
        return "under the engine's default seccomp profile"
    if policy is not None:
        profile = _parsed(found.seccomp)
        if profile == json.loads(SeccompExporter().render(policy)):
            return "under this policy"
        if profile == json.loads(audit_copy(policy)):
            return "under this policy's logging copy"
    return "under a seccomp profile of its own"


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
