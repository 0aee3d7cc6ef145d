"""Words for how a run ended."""

from __future__ import annotations

from beacon.model.run import NO_WORKLOAD, Ending, Outcome

_SHOWN = 200  # characters of a line that a container wrote


def ending(workload: str, how: Ending) -> str:
    """How a run ended; one that nothing drove has only `started`, however well it ended."""
    return "started" if workload == NO_WORKLOAD and how is Ending.SERVED else str(how)


def last_words(outcome: Outcome) -> str:
    """Why a run ended; what ended by itself and gave no reason has an exit code and a last line."""
    if outcome.detail:
        return outcome.detail
    line = outcome.log.strip().rpartition("\n")[2][:_SHOWN]
    code = f"exit code {outcome.exit_code}"
    return f"{code}, {line}" if line else f"{code}, it said nothing"
