"""Why a campaign ends after its first runs."""

from __future__ import annotations

from collections.abc import Sequence

from beacon.errors import ExitCode, NothingObservedError
from beacon.model.launch import Launch
from beacon.model.run import Ending, Outcome, Run


class NeverReadyError(NothingObservedError):
    """No run became ready; the diagnostics show what the container last said."""

    def __init__(self, outcome: Outcome, launch: Launch) -> None:
        reason = (outcome.detail or outcome.ending).rstrip(".")
        refused = outcome.ending is Ending.REFUSED
        advice = ": change the options" if refused else ""
        if outcome.ending is Ending.EXITED:
            advice = ", or name it a job (--job) if to end is its work"
        super().__init__(f"The image never became ready: {reason}{advice}.")
        if refused and launch != Launch():
            self.exit_code = ExitCode.USAGE
        self._outcome = outcome

    def diagnostics(self) -> str | None:
        """The tail of the container's output."""
        return self._outcome.log or None


def unserved(runs: Sequence[Run]) -> Run | None:
    """The run in the default environment that passed none of its checks, if there is one."""
    for run in runs:
        checks = run.outcome.checks
        if checks and not run.environment.settings and not any(check.passed for check in checks):
            return run
    return None


def why_unserved(run: Run) -> str:
    """What it answers instead, where it listens if that explains it, and what to do, a sentence."""
    checks = run.outcome.checks
    said = (checks[0].detail or "no detail").rstrip(".")
    return (
        f"the container passed none of the {len(checks)} checks of workload {run.workload} "
        f"({said}{_heard(run)}): give it what it needs (see its log), or name another --workload."
    )


def _heard(run: Run) -> str:
    tcp = [each for each in run.listeners if each.protocol == "tcp"]
    if not tcp:
        return "; it listens on no TCP port"
    if all(each.loopback for each in tcp):
        return f"; it listens on loopback only, at port {tcp[0].port}"
    return ""
