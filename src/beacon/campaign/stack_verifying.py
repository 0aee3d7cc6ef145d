"""Verifies a stack: its services under their policies while the user's own command runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from beacon import __version__
from beacon.campaign.blame import blame
from beacon.campaign.consent import Consent, check_consent
from beacon.campaign.control import Case
from beacon.campaign.demands import RIGHTS, demands
from beacon.campaign.edited import edits
from beacon.campaign.enforced import Enforced, read_enforced
from beacon.campaign.open_context import open_context
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import RecordRequest
from beacon.campaign.run import RunSpec
from beacon.campaign.seal import has_seal
from beacon.campaign.stack_run import enforced, members, run_stack
from beacon.campaign.stack_stage import COMMAND
from beacon.campaign.verify import verified_run
from beacon.compose.interface import Stack
from beacon.compose.read import read_stack
from beacon.errors import UsageError
from beacon.model.coverage import coverage
from beacon.model.deviation import is_wider
from beacon.model.environment import Environment
from beacon.model.files import load_policy
from beacon.model.policy import Policy, Replay
from beacon.model.run import Check, Ending, Run
from beacon.model.verification import DifferenceKind, Verification
from beacon.workloads.none import NoWorkload
from beacon.workloads.script import EXIT_CODE


@dataclass(frozen=True)
class _Restricted:
    """The policy of one service, and its files as they are enforced."""

    policy: Policy
    files: Enforced


def verify_stack(
    request: RecordRequest, policies: Path, reporter: Reporter
) -> dict[str, Verification]:
    """Run the stack under the policies in `policies`/SERVICE; the verification of each by its name.

    A service that was not started, since one that it needs failed, has none. Where something
    differs the stack is run once more without the policies. UsageError for a
    service without a policy, or one that asks for more than the compose file gives it.
    """
    stack = read_stack(request.compose)
    restricted = {each.name: _read(policies / each.name) for each in stack.started()}
    _check(stack, restricted, request.trust, reporter)
    by = {name: each.files.enforcement for name, each in restricted.items()}
    with open_context(request.engine, reporter.say) as context:
        chosen = members(context, stack, request.ready_timeout)
        for each in chosen:
            if each.image.id != restricted[each.name].policy.image.id:
                reporter.say(f"Note: {each.image.reference} has changed since it was profiled.")
        reporter.say("Starting the stack under its policies")
        lived = run_stack(context, stack, enforced(chosen, by), request.command, reporter)
        if lived.failed is not None:
            reporter.say(
                f"The service {lived.failed} did not become ready: the command was not run."
            )
        cases = {name: _case(restricted[name].policy, run) for name, run in lived.runs.items()}
        if any(case.keys() for case in cases.values()):
            reporter.say("It differs: starting it once more, without the policies")
            control = run_stack(context, stack, chosen, request.command, reporter).runs
            for name, case in cases.items():
                case.control += [control[name]] if name in control else []
        runtime = context.engine.facts().runtime
    guilty = any(map(_denies, cases.values())) or lived.failed is not None
    return {
        name: _verification(
            case, runtime, excused=guilty and not (_denies(case) or name == lived.failed)
        )
        for name, case in cases.items()
    }


def _read(directory: Path) -> _Restricted:
    policy, files = load_policy(directory), read_enforced(directory)
    if is_wider(found := edits(policy, directory, files.texts)):
        raise UsageError(
            f"{directory} allows more than its policy.json ({found[0].sentence()}): write it again "
            "with `beacon policy`."
        )
    return _Restricted(policy, files)


def _check(
    stack: Stack, restricted: Mapping[str, _Restricted], trust: bool, reporter: Reporter
) -> None:
    """UsageError where a policy asks for more than its service has in the compose file."""
    for name, each in restricted.items():
        asked = [
            demand
            for demand in demands(each.policy, (), each.files.enforcement, {})
            if demand.option in RIGHTS  # the file says how it is started
        ]
        launch = stack.services[name].launch
        check_consent(
            asked,
            Consent(
                trust=trust,
                sealed=bool(asked) and has_seal(each.policy, reporter.say),
                launch=launch,
            ),
        )


def _case(policy: Policy, run: Run) -> Case:
    recorded = [each for each in policy.replays if each.workload == COMMAND]
    replay = recorded[0] if recorded else _proper(run)
    return Case(
        policy=policy,
        replay=replay,
        spec=RunSpec(environment=Environment(), workload=NoWorkload()),
        enforced=[run],
    )


def _proper(run: Run) -> Replay:
    """What is expected of a service whose policy was recorded in another way."""
    ending = Ending.FINISHED if run.outcome.ending is Ending.FINISHED else Ending.SERVED
    passed = (Check(EXIT_CODE, passed=True, value="0"),)
    return Replay(
        environment=Environment(),
        workload=COMMAND,
        ending=ending,
        exit_code=run.outcome.exit_code,
        checks=passed,
        denied=(),
        refused=(),
    )


def _denies(case: Case) -> bool:
    return any(trial.denied for trial in case.trials.enforced)


def _verification(case: Case, runtime: str, *, excused: bool) -> Verification:
    """Of one service; `excused`: the command failed since another one was denied something."""
    found = blame(case.trials)
    elsewhere = tuple(d for d in found.policy if excused and d.kind is DifferenceKind.CHECK)
    found = replace(found, policy=tuple(d for d in found.policy if d not in elsewhere))
    run = msgspec.structs.replace(verified_run(case, found), elsewhere=elsewhere)
    return Verification(
        image=case.policy.image,
        runs=(run,),
        beacon=__version__,
        runtime=runtime,
        coverage=coverage(case.enforced, case.policy.surroundings),
    )
