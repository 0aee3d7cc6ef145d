"""Why a campaign ends after its first runs."""

from __future__ import annotations

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


class NeverServedError(NothingObservedError):
    """No check passed in the default environment; the diagnostics show what was said last."""

    def __init__(self, run: Run) -> None:
        checks = run.outcome.checks
        said = (checks[0].detail or "no detail").rstrip(".")
        super().__init__(
            f"The container passed none of the {len(checks)} checks of workload {run.workload} "
            f"({said}{_heard(run)}): give it what it needs (its log follows), or name another "
            "--workload."
        )
        self._outcome = run.outcome

    def diagnostics(self) -> str | None:
        """The tail of the container's output."""
        return self._outcome.log or "Its log is empty."


def _heard(run: Run) -> str:
    """Where it listens, if that explains why nobody reached it."""
    tcp = [each for each in run.listeners if each.protocol == "tcp"]
    if not tcp:
        return "; it listens on no TCP port"
    if all(each.loopback for each in tcp):
        return f"; it listens on loopback only, at port {tcp[0].port}"
    return ""
