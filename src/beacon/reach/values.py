"""Where a value comes from: backwards through a function until it is a constant.

sysfilter and Confine look for the number in rax the same way.
"""

from __future__ import annotations

from collections.abc import Iterator

from beacon.reach.disassembly import Body
from beacon.reach.sources import Entry, Location, Origin, Slot, Unknown, before

#: Places looked at for one value; data taken for code leads on without end.
_FARTHEST = 5000

_Place = tuple[int, Location]


def origins(body: Body, index: int, location: Location, go: bool = False) -> set[Origin]:
    """Of what `location` holds just before the instruction at `index` runs."""
    found: set[Origin] = set()
    seen: set[_Place] = set()
    waiting: list[_Place] = [(index, location)]
    while waiting and len(seen) < _FARTHEST:
        place = waiting.pop()
        if place not in seen:
            seen.add(place)
            for source in _earlier(body, place, go):
                if isinstance(source, tuple):
                    waiting.append(source)
                else:
                    found.add(source)
    return {*found, Unknown()} if waiting else found


def _earlier(body: Body, place: _Place, go: bool) -> Iterator[_Place | Origin]:
    """One step back on every way that leads here."""
    index, location = place
    ways = body.before(index)
    if not index:
        yield Entry(location)
    elif not ways:
        yield Unknown()
    for way in ways:
        for source in before(body.instructions[way], location, go):
            yield (way, source) if isinstance(source, str | Slot) else source
