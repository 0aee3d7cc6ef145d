"""How complete a profile is, in words: its estimates, and its recall."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.model.profile import Estimate, Exploration
from beacon.model.recall import Lacking, Recall
from beacon.model.support import some
from beacon.model.verification import LeftOut

_SHOWN = 10  # environments that lack something; the rest is in the document


def told_estimates(exploration: Exploration) -> Iterator[str]:
    """The chances that one more run shows something, each with what it would be one more of."""
    parts = (
        ("another combination of these settings", exploration.estimate, "combinations"),
        ("another kind of setting", exploration.kind, "dimensions"),
        ("the default environment once more (chance alone)", exploration.repetition, "equal runs"),
    )
    if exploration.estimate.runs or exploration.kind is not None:
        yield "Chance that the policy lacks something that would show in"
        for what, estimate, things in parts:
            if estimate is not None:
                yield f"  {what}: {_chance(estimate, things)}"


def _chance(estimate: Estimate, things: str) -> str:
    if not estimate.runs:
        return "no estimate, for none was run"
    return (
        f"{estimate.chance:.0%} ({estimate.low:.0%} to {estimate.high:.0%}; "
        f"{estimate.rare} of {estimate.runs} {things})"
    )


def told_recall(
    recall: Recall | None, enforced: tuple[LeftOut, ...] | None = None
) -> Iterator[str]:
    """The recall, and what each environment lacks that lacks something; whether it matters."""
    if recall is None:
        return
    yield f"{recall.sentence()}."
    by_environment = {each.environment: each for each in enforced or ()}
    for each in recall.lacking[:_SHOWN]:
        found = by_environment.get(each.environment)
        yield f"  {_lacks(each)}{'' if found is None else f': {_came(found)}'}"
    if len(recall.lacking) > _SHOWN:
        yield f"  and {len(recall.lacking) - _SHOWN} more (--json)"


def _lacks(lacking: Lacking) -> str:
    return f"{lacking.environment.name} would lack {some([str(e) for e in lacking.events])}"


def _came(left_out: LeftOut) -> str:
    """What came of running it without."""
    if not left_out.runs:
        return "no run of it to repeat"
    if left_out.suffered:
        return f"without it {some(left_out.suffered)} suffers"
    if left_out.denied:
        return "denied, and nothing suffers"
    return "not asked for again"
