"""Do the surface's weights tell the calls that later CVEs need from those that they do not?

usage: surface.py DIR   (nothing is kept there)

For each date the CVEs of earlier years are known, those since are not. Exit code 10: a reserve of
all harmless events that open no known CVE opens more than 10 % of the later ones, or the weights
tell fewer than 70 % of the events that no CVE had named from others.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache
from itertools import product
from statistics import mean

from beacon.data.arguments import PLAIN, Argument, ArgumentKind, canonical, multiplexers
from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.data.cves import package_cves
from beacon.data.kernel import tables
from beacon.data.runtimes import find_floor, shipped
from beacon.data.surface import group_of, is_harmless, weight_of
from beacon.model.cve import Cve, Need
from beacon.model.event import Abi, Capability, Event, Syscall, sort_key, without_argument
from beacon.scoring.security import Candidates, routes, serves, weight
from markdown import share, table

YEARS = (2020, 2022, 2024, 2026)
_MOST_OPENED, _LEAST_TOLD = 0.1, 0.7
_JUDGED = "of these, what is harmless"
Scores = Mapping[Syscall, float]
_Routes = tuple[tuple[frozenset[Event], ...], ...]


@cache
def universe() -> tuple[Syscall, ...]:
    """Every call of x86-64, those with classes by class: each that has a name, and one other."""
    names = tables().syscalls[Abi.X86_64]
    return tuple(event for name in names for event in _events(name))


@cache
def _events(call: str) -> tuple[Syscall, ...]:
    if call not in multiplexers():
        return (Syscall(call),)
    first, *others = multiplexers()[call].arguments
    if first.kind is ArgumentKind.FLAGS:
        found = [PLAIN, *first.names]
    else:
        found = [
            ",".join(words)
            for value in [*first.names, hex(first.mask)]
            for words in product([value], *(_values(each, value) for each in others))
        ]
    spelt = dict.fromkeys(canonical(call, each) for each in found)
    return tuple(Syscall(call, argument=each) for each in spelt)


def _values(argument: Argument, first: str) -> list[str]:
    names = argument.names if argument.by is None else argument.names_by.get(first, {})
    return [*names, "0x0", hex(argument.mask)]


@cache
def base() -> frozenset[Event]:
    """What every policy has: the calls that runc makes itself, and Docker's capabilities."""
    floor = find_floor(shipped(), "runc")
    return frozenset(floor.calls if floor else ()) | {
        Capability(f"CAP_{each}") for each in DOCKER_DEFAULT
    }


@cache
def _base() -> Candidates:
    return Candidates(base())


def shares(cve: Cve) -> Scores:
    """How much of an attack hangs on each event: 1 in all, divided evenly.

    First by ways of attack, then by what one needs and not every policy has, then by the calls of
    which one will do, then by their classes.
    """
    found: dict[Syscall, float] = defaultdict(float)
    for path in cve.paths:
        needs = [need for need in path if not _base().serving(need)]
        for need in needs:
            for event, part in _within(need).items():
                found[event] += part / len(needs) / len(cve.paths)
    return found


def _within(need: Need) -> Scores:
    ways = [way for way in need.ways if way.abi in (None, Abi.X86_64)]
    events = {each for way in ways for each in _events_of(way.call) if serves(each, way)}
    count = Counter(event.name for event in events)
    return {event: 1 / len(count) / count[event.name] for event in events}


def _events_of(call: str) -> tuple[Syscall, ...]:
    return _events(call) if call in tables().syscalls[Abi.X86_64] else ()


def by_event(known: Iterable[Cve]) -> Scores:
    """What known CVEs alone say of each event: their scores, joined, by its part in them."""
    left: dict[Syscall, float] = dict.fromkeys(universe(), 1.0)
    for cve in known:
        for event, part in shares(cve).items():
            left[event] *= 1 - weight(cve) * part
    return {event: 1 - each for event, each in left.items()}


def by_group(known: Iterable[Cve]) -> Scores:
    """What known CVEs say of an event's group: the mean of all that one judgement covers.

    So the groups are the surface's, and their weights come from the known CVEs alone.
    """
    own = by_event(known)
    groups: dict[str, list[float]] = defaultdict(list)
    for event, score in own.items():
        groups[group_of(event)].append(score)
    means = {group: mean(scores) for group, scores in groups.items()}
    return {event: means[group_of(event)] for event in own}


def written() -> Scores:
    """The weights of the surface."""
    return {event: weight_of(event).weight for event in universe()}


def joined(one: Scores, other: Scores) -> Scores:
    """Both, as the decision joins them."""
    return {event: 1 - (1 - one[event]) * (1 - other[event]) for event in one}


def auc(scores: Scores, needed: Scores) -> float:
    """How often an event that later CVEs need scores higher than one that none does; ties are half.

    The needed ones count by their part in the CVEs, the others so that each call counts once.
    """
    good: dict[float, float] = defaultdict(float)
    for event in universe():
        if event not in needed and event not in base():
            good[scores[event]] += 1 / len(_events(event.name))
    won = sum(
        part * other * (1.0 if scores[event] > rival else 0.5 if scores[event] == rival else 0.0)
        for event, part in needed.items()
        for rival, other in good.items()
    )
    return won / sum(needed.values()) / sum(good.values())


def needed(cves: Iterable[Cve]) -> Scores:
    """The part that each event has in all of these."""
    found: dict[Syscall, float] = defaultdict(float)
    for cve in cves:
        for event, part in shares(cve).items():
            found[event] += part
    return found


def reserve(fits: Callable[[Syscall], bool], known: Iterable[Cve]) -> frozenset[Event]:
    """What every policy has and all that fits and opens no known CVE, the lightest first."""
    touching: dict[Event, list[_Routes]] = defaultdict(list)
    for found in map(_routes, known):
        for event in {event for route in found for serving in route for event in serving}:
            touching[event].append(found)
    allowed = set(base())
    for event in sorted(universe(), key=lambda each: (weight_of(each).weight, sort_key(each))):
        more = allowed | {event} if touching[event] else allowed
        if fits(event) and not any(_is_open(found, more) for found in touching[event]):
            allowed.add(event)
    return frozenset(allowed)


def _routes(cve: Cve) -> _Routes:
    """All that lead to a CVE from anything that can be allowed."""
    return tuple(routes(cve, _everything()))


@cache
def _everything() -> Candidates:
    return Candidates(base().union(universe()))


def _is_open(found: _Routes, allowed: Set[Event]) -> bool:
    return any(all(not serving.isdisjoint(allowed) for serving in route) for route in found)


def opened(allowed: frozenset[Event], cves: Iterable[Cve]) -> list[Cve]:
    """Those that these events leave open."""
    return [cve for cve in cves if _is_open(_routes(cve), allowed)]


def _split(year: int) -> tuple[list[Cve], list[Cve]]:
    counted = [cve for cve in package_cves() if cve.counts]
    stoppable = [cve for cve in counted if not _is_open(_routes(cve), base())]
    return [c for c in stoppable if c.year < year], [c for c in stoppable if c.year >= year]


def _ranks(year: int) -> list[str]:
    known, later = _split(year)
    all_ = needed(later)
    named = needed(known)
    new = {event: part for event, part in all_.items() if event not in named}
    own, group = by_event(known), by_group(known)
    scores = (own, group, written(), joined(own, written()))
    return [
        str(year),
        str(len(known)),
        str(len(later)),
        *(f"{auc(each, all_):.2f}" for each in scores),
        *(f"{auc(each, new):.2f}" for each in (group, written())),
    ]


def _reserves(year: int) -> Iterator[tuple[str, frozenset[Event], list[Cve], list[Cve]]]:
    known, later = _split(year)
    group = by_group(known)
    kinds: Mapping[str, tuple[Callable[[Syscall], bool], list[Cve]]] = {
        "all that opens no known CVE": (lambda event: True, known),
        "of these, where no known CVE is in the group": (lambda event: not group[event], known),
        _JUDGED: (is_harmless, known),
        "what is harmless, whatever is known": (is_harmless, []),
    }
    for kind, (fits, heeded) in kinds.items():
        allowed = reserve(fits, heeded)
        yield kind, allowed, opened(allowed, later), later


def _calls(events: Iterable[Event]) -> int:
    return len({without_argument(event) for event in events if isinstance(event, Syscall)})


def _harmless_with_cves() -> list[list[str]]:
    """Harmless events that a CVE hangs on: there its score speaks, not the weight."""
    cves: dict[str, set[str]] = defaultdict(set)
    for cve in (each for each in package_cves() if each.counts):
        for event in filter(is_harmless, shares(cve)):
            cves[event.name].add(cve.id)
    return [[call, str(len(ids))] for call, ids in sorted(cves.items())]


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit(__doc__)
    heads = ["known before", "known CVEs", "later ones", "known CVEs alone", "by group", "written"]
    heads += ["written and known", "by group, new events", "written, new events"]
    ranks = [_ranks(year) for year in YEARS]
    print(table(heads, ranks), end="\n\n")
    rows, worst = [], 0.0
    for year in YEARS:
        for kind, allowed, left_open, later in _reserves(year):
            part = len(left_open) / len(later)
            count = f"{len(left_open)} of {len(later)}"
            rows.append([f"{year}: {kind}", str(_calls(allowed)), count, share(part)])
            worst = max(worst, part) if kind == _JUDGED else worst
    print(table(["reserve", "calls", "later CVEs opened", "share"], rows), end="\n\n")
    print(_still_open(), end="\n\n")
    print(table(["harmless, with CVEs", "CVEs"], _harmless_with_cves()))
    told = min(float(row[-1]) for row in ranks)
    sys.exit(0 if worst <= _MOST_OPENED and told >= _LEAST_TOLD else 10)


def _still_open() -> str:
    """What the harmless reserve of each date opens of the later CVEs."""
    opened_by = {
        year: left_open
        for year in YEARS
        for kind, _, left_open, _ in _reserves(year)
        if kind == _JUDGED
    }
    found = {cve.id: cve.title for each in opened_by.values() for cve in each}
    rows = [
        [f"{id_}: {title}", ", ".join(str(year) for year in YEARS if _has(opened_by[year], id_))]
        for id_, title in sorted(found.items())
    ]
    return table(["opened by the harmless reserve", "of"], rows)


def _has(cves: Iterable[Cve], id_: str) -> bool:
    return any(cve.id == id_ for cve in cves)


if __name__ == "__main__":
    main(sys.argv[1:])
