"""The last line of `verify`: what was proved, and what was not looked at."""

from __future__ import annotations

from beacon.cli.console import counted
from beacon.model.coverage import Coverage, listed
from beacon.model.run import Ending
from beacon.model.verification import Verification, VerifiedRun
from beacon.workloads.none import NoWorkload


def verified(verification: Verification) -> str:
    """`Verified: starts (20 of 20) and serves 117 checks on 80/tcp; not exercised: 443/tcp; …`.

    For a verification that passed.
    """
    starts = verification.starts
    started = "starts"
    if starts is not None:
        started += f" ({starts.count - starts.failed} of {starts.count})"
    if all(run.outcome.ending is Ending.FINISHED for run in verification.runs):
        return f"Verified: {started} and ends as recorded{_codes(verification)}."
    driven = [run for run in verification.runs if run.workload != NoWorkload.name]
    serves = f" and {_serves(driven, verification.coverage)}" if driven else ""
    return f"Verified: {started}{serves}; {verification.coverage.unseen()}."


def _codes(verification: Verification) -> str:
    codes = sorted({run.outcome.exit_code or 0 for run in verification.runs})
    return f", with exit code {' or '.join(map(str, codes))}"


def _serves(runs: list[VerifiedRun], coverage: Coverage) -> str:
    default = [run for run in runs if not run.environment.settings] or runs
    passed = max(sum(check.passed for check in run.outcome.checks) for run in default)
    where = f" on {listed(coverage.driven)}" if coverage.driven else ""
    return f"serves {counted(passed, 'check')}{where}"
