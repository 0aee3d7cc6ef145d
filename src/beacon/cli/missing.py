"""What `verify --log` and `verify --heal` say of events that a policy lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.campaign.wording import ending
from beacon.cli.console import counted
from beacon.cli.verified import difference_lines
from beacon.model.deviation import is_wider
from beacon.model.healed import Healed
from beacon.model.logged import Logged, LoggedRun
from beacon.model.missing import Missing
from beacon.model.support import some
from beacon.model.verification import Verdict


def told_log(logged: Logged) -> Iterator[str]:
    """Each run, each event that the policy would have denied, and what that comes to."""
    yield from (f"{each.sentence()}." for each in logged.files)
    for run in logged.runs:
        yield from _told_run(run)
    for each in logged.missing:
        yield f"would be denied{', as you asked' if each.intended else ''}: {_told(each)}"
        if not each.intended:
            yield f"  {_verdict(each)}"
    if logged.runs and logged.left_out:
        yield f"Not repeated: {counted(logged.left_out, 'run')} in other environments."
    yield _closing(logged)


def told_healing(healed: Healed) -> Iterator[str]:
    """What was added, what stays denied, and in how many rounds."""
    for each in healed.added:
        yield f"added: {_told(each)}; {each.because}"
    for each in healed.refused:
        yield f"not added: {_told(each)}; {each.because}"
    if healed.rounds:
        events = counted(len(healed.added), "event")
        yield f"{events} added in {counted(healed.rounds, 'round')}; as the policy is now:"
    elif healed.verification.verdict is Verdict.POLICY:
        yield "Nothing was added: the runs showed nothing that the policy lacks and may allow."


def _told_run(run: LoggedRun) -> Iterator[str]:
    checks = run.outcome.checks
    passed = f", {sum(c.passed for c in checks)} of {len(checks)} checks passed" if checks else ""
    yield f"{run.name}: {ending(run.workload, run.outcome.ending)}{passed}"
    for line in difference_lines(run.differences):
        yield f"  without the policy: {line}"


def _told(missing: Missing) -> str:
    return f"{missing.sentence()} ({some(missing.evidence.runs)})"


def _verdict(missing: Missing) -> str:
    allowed = "--heal would add it" if missing.allowed else "the intent does not allow it"
    return f"{allowed}: {missing.because}"


def _closing(logged: Logged) -> str:
    if is_wider(logged.files):
        return (
            "Nothing was run: files allow more than policy.json. Write the policy again with "
            "`beacon policy`."
        )
    if logged.verdict is Verdict.POLICY:
        return f"The policy would deny {_counted(m for m in logged.missing if not m.intended)}."
    if logged.verdict is Verdict.ENVIRONMENT:
        return (
            "Runs differ without the policy, so they do not say what it would deny: see to what "
            "the container depends on and repeat."
        )
    asked = f" but {_counted(logged.missing)}, as you asked" if logged.missing else ""
    return f"The policy would deny nothing{asked}. Nothing is proven yet: beacon verify."


def _counted(missing: Iterable[Missing]) -> str:
    names = [str(each.event) for each in missing]
    return f"{counted(len(names), 'event')}: {some(names)}"
