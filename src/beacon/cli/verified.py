"""What `verify` says: of each run, of the starts, and at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from beacon.campaign.wording import ending
from beacon.cli.console import counted
from beacon.model.coverage import Coverage, listed
from beacon.model.deviation import is_wider
from beacon.model.run import Ending
from beacon.model.support import lacking, some
from beacon.model.verification import (
    Difference,
    DifferenceKind,
    Shown,
    Starts,
    Verdict,
    Verification,
    VerifiedRun,
)


def told(run: VerifiedRun) -> Iterator[str]:
    """A line for the run, and one for each way in which it differs."""
    name = str(run.kind)
    how = ending(run.workload, run.outcome.ending)
    checks = run.outcome.checks
    passed = sum(check.passed for check in checks)
    served = f"{passed} of {len(checks)} checks passed, " if checks else ""
    differences = len(run.differences) + len(run.control_differences) + len(run.elsewhere)
    new = "" if run.recorded else " (not recorded)"
    yield f"{name}{new}: {how}, {served}{counted(differences, 'difference')}"
    for line in difference_lines(run.differences):
        yield f"  {line}"
    for line in _shown(run, run.control_differences):
        yield f"  without the policy, too: {line}"
    for line in difference_lines(run.elsewhere):
        yield f"  by the policy of another service: {line}"
    by_head: dict[str, list[Shown]] = defaultdict(list)
    for unsteady in run.unsteady:
        by_head[_unsteady(run, unsteady)].append(unsteady)
    for head, shown in by_head.items():
        for line in _shown(run, shown):
            yield f"  {head}: {line}"
    suffered = f"; what suffers: {some(run.suffered)}" if run.suffered else ""
    for each in run.intended:
        yield f"  denied as you asked: {each.sentence()}{suffered}"


def _unsteady(run: VerifiedRun, shown: Shown) -> str:
    if not shown.control:
        return "passes sometimes, and nothing was denied"
    if shown.enforced == run.enforced and shown.control == run.control:
        return "only the recorded run differs"
    if shown.enforced == run.enforced:
        return "passes sometimes without the policy, and nothing was denied"
    return "passes sometimes, with and without the policy"


def told_starts(starts: Starts | None) -> Iterator[str]:
    """How many starts succeeded, and why the others did not."""
    if starts is None:
        return
    yield f"starts: {starts.count - starts.failed} of {starts.count}"
    for line in (*starts.reasons, *difference_lines(starts.differences)):
        yield f"  {line}"
    if starts.control is not None:
        control = starts.control
        yield f"  without the policy: {control.count - control.failed} of {control.count}"


def closing(verification: Verification) -> str:
    """The last line: whether the policy holds, and if not whose fault it is."""
    if verification.verdict is Verdict.VERIFIED:
        return verified(verification)
    if is_wider(verification.files):
        return (
            "NOT verified: nothing was run under files that allow more than policy.json: write the "
            "policy again with `beacon policy` (--allow adds what is needed)."
        )
    asked = f"; {denied}" if (denied := _as_asked(verification)) else ""
    if verification.verdict is Verdict.POLICY:
        return f"NOT verified: the container differs under this policy{asked}."
    if any(run.elsewhere for run in verification.runs):
        return (
            "NOT verified, and not by this policy's fault: that of another service is: see to that "
            f"one and verify again{asked}."
        )
    return (
        "NOT verified, and not by the policy's fault: what differs differs without it, too: see to "
        f"what the container depends on and verify again{asked}."
    )


def _as_asked(verification: Verification) -> str:
    """`denied as you asked: kill, CAP_KILL`; nothing if nothing was."""
    names = sorted({each.event for run in verification.runs for each in run.intended})
    return f"denied as you asked: {some(names)}" if names else ""


def _shown(run: VerifiedRun, shown: Iterable[Shown]) -> Iterator[str]:
    """One line for all that differ in the same way as often."""
    by_counts: dict[tuple[int, int], list[Difference]] = defaultdict(list)
    for each in shown:
        by_counts[each.enforced, each.control].append(each.difference)
    for (enforced, control), differences in by_counts.items():
        counts = f"{enforced} of {counted(run.enforced, 'run')} under the policy"
        if run.control:
            counts += f", {control} of {run.control} without"
        for line in difference_lines(differences):
            yield f"{line}: {counts}"


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """One line for all that differ in the same way."""
    by_detail: dict[tuple[DifferenceKind, str], list[str]] = defaultdict(list)
    for difference in differences:
        by_detail[difference.kind, difference.detail].append(difference.name)
    for (kind, detail), names in by_detail.items():
        shown = some(names) if kind is DifferenceKind.CHECK else ", ".join(names)
        yield f"{kind}: {shown} ({detail})"


def verified(verification: Verification) -> str:
    """`Verified: starts (20 of 20) and serves 117 checks on 80/tcp; not exercised: 443/tcp; …`.

    For a verification that passed.
    """
    starts, asked = verification.starts, _as_asked(verification)
    started = "starts"
    if starts is not None:
        started += f" ({starts.count - starts.failed} of {starts.count})"
    if all(run.outcome.ending is Ending.FINISHED for run in verification.runs):
        said = f"{started} and ends as recorded{_codes(verification)}"
        return f"Verified: {said}{f'; {asked}' if asked else ''}."
    driven = [run for run in verification.runs if run.kind.driven]
    serves = f" and {_serves(driven, verification.coverage)}" if driven else ""
    rest = "; ".join(filter(None, (verification.coverage.unseen(), asked)))
    return f"Verified: {started}{serves}; {rest}."


def _codes(verification: Verification) -> str:
    codes = sorted({run.outcome.exit_code or 0 for run in verification.runs})
    return f", with exit code {' or '.join(map(str, codes))}"


def _serves(runs: list[VerifiedRun], coverage: Coverage) -> str:
    default = [run for run in runs if not run.environment.settings] or runs
    best = max(default, key=lambda run: sum(check.passed for check in run.outcome.checks))
    passed = sum(check.passed and not check.lacked for check in best.outcome.checks)
    where = f" on {listed(coverage.driven)}" if coverage.driven else ""
    left = lacking(best.outcome.checks)
    return f"serves {counted(passed, 'check')}{where}{f'; {left}' if left else ''}"
