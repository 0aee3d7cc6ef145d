"""How complete a profile is, in words: its estimates, and its recall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.model.event import Event
from beacon.model.profile import Exploration
from beacon.model.recall import Recall
from beacon.model.support import some
from beacon.model.verification import LeftOut

_SHOWN = 10  # environments, and kinds of settings; the rest is in the document


def told_estimates(exploration: Exploration) -> Iterator[str]:
    """The chances that one more run shows something, each with what it would be one more of."""
    chances = list(exploration.chances())
    if chances:
        yield "Chance that the policy lacks something that would show in"
    for what, chance in chances:
        yield f"  {what}: {chance}"


def told_recall(recall: Recall | None) -> Iterator[str]:
    """The recall, and what each environment would lack that lacks something."""
    if recall is None:
        return
    yield f"leave-one-out recall: the policy from the others covers {recall.figure()}"
    for each in recall.lacking[:_SHOWN]:
        yield f"  {each.environment.name} would lack {_named(each.events)}"
    if len(recall.lacking) > _SHOWN:
        yield f"  and {len(recall.lacking) - _SHOWN} more (--json)"
    for kind in recall.kinds[:_SHOWN]:
        yield f"  without any {kind.dimension} it would lack {_named(kind.events)}"
    if len(recall.kinds) > _SHOWN:
        yield f"  and {len(recall.kinds) - _SHOWN} more kinds of settings (--json)"


def told_left_out(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """What came of each environment under the policy without what it alone used."""
    for each in left_out:
        yield f"{each.environment.name} without {_named(each.events)}: {_came(each)}"


def _came(left_out: LeftOut) -> str:
    if not left_out.runs:
        return "this policy has no run of it"
    if left_out.suffered:
        return f"denied, and it differs: {some(left_out.suffered)}"
    if left_out.denied:
        return "denied, and nothing else differs"
    return "not asked for again"


def _named(events: Iterable[Event]) -> str:
    return some([str(event) for event in events])
