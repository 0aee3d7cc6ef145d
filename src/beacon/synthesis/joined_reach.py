"""What the programs of several images can call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from beacon.model.reach import Reach, Reachable, Scope, Unresolved

_MOST_CALLERS = 3  # of one call, as an analysis has


def joined_reach(found: Iterable[Reach | None]) -> Reach | None:
    """What any of them reaches, each call in its nearest scope; None where none was analysed.

    Counts are those of the image that has most: two analyses of one image are no more than one.
    """
    known = [reach for reach in found if reach is not None]
    if not known:
        return None
    calls: dict[str, list[Reachable]] = {}
    for each in (each for reach in known for each in reach.calls):
        calls.setdefault(each.call, []).append(each)
    return Reach(
        tuple(_call(calls[name]) for name in sorted(calls)),
        _unresolved(known),
        {
            scope: max(reach.files.get(scope, 0) for reach in known)
            for scope in Scope
            if any(scope in reach.files for reach in known)
        },
    )


def _call(found: Sequence[Reachable]) -> Reachable:
    nearest = min((each.scope for each in found), key=list(Scope).index)
    callers = dict.fromkeys(
        caller for each in found if each.scope is nearest for caller in each.callers
    )
    return Reachable(found[0].call, nearest, tuple(callers)[:_MOST_CALLERS])


def _unresolved(known: Iterable[Reach]) -> tuple[Unresolved, ...]:
    most: dict[tuple[str, str, Scope], Unresolved] = {}
    for each in (each for reach in known for each in reach.unresolved):
        place = each.file, each.reason, each.scope
        most[place] = max(most.get(place, each), each, key=lambda one: one.count)
    order = list(Scope)
    return tuple(sorted(most.values(), key=lambda one: order.index(one.scope)))
