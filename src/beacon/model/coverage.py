"""What some runs exercised of what the container offers, and how long they looked at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from beacon.model.environment import Action, EnvironmentSpace
from beacon.model.listener import ANY_PORT, Listener, widest
from beacon.model.numbers import Count
from beacon.model.run import Run

_RESTARTS = (Action.RESTART, Action.KILL)
_SHOWN = 8
_YEAR = 31_536_000.0


class Coverage(msgspec.Struct, frozen=True):
    """The sockets that a workload `driven`, and those `not_exercised` by any.

    One container was `watched` for so many seconds at most, from its start until it was stopped;
    what it does later was not seen. `restarted`: some run started it again over the same data.
    """

    driven: tuple[Listener, ...] = ()
    not_exercised: tuple[Listener, ...] = ()
    watched: Count = 0
    restarted: bool = False

    def sentence(self) -> str:
        """`exercised: 80/tcp; ` and what was not seen."""
        driven = f"exercised: {listed(self.driven)}; " if self.driven else ""
        return f"{driven}{self.unseen()}"

    def unseen(self) -> str:
        """`not exercised: 443/tcp; watched for 41 s, no second start over the same data`."""
        left = "" if self.driven else "nothing listens; "
        if self.not_exercised:
            left = f"not exercised: {listed(self.not_exercised)}; "
        again = "" if self.restarted else ", no second start over the same data"
        return f"{left}watched for {self.watched} s{again}"


def listed(listeners: Sequence[Listener]) -> str:
    """`80/tcp, 443/tcp`, and of many the first and how many more there are."""
    shown = [str(each) for each in listeners[:_SHOWN]]
    if len(listeners) > _SHOWN:
        shown.append(f"{len(listeners) - _SHOWN} more (--json)")
    return ", ".join(shown)


def coverage(runs: Iterable[Run], surroundings: EnvironmentSpace) -> Coverage:
    """What the ready ones of these runs cover."""
    ready = [run for run in runs if run.outcome.ready]
    driven = {each for run in ready for each in run.driven}
    ports = {(each.port, each.protocol) for each in driven}
    heard = [each for each in _heard(ready) if (each.port, each.protocol) not in ports]
    return Coverage(
        tuple(sorted(driven)),
        tuple(sorted(heard)),
        int(max((_watched(run) for run in ready), default=0.0)),
        any(_restarted(run, surroundings) for run in ready),
    )


def _heard(runs: Sequence[Run]) -> frozenset[Listener]:
    """What listens in any of them; loopback only, where no run shows more."""
    count = Counter(each for run in runs for each in run.listeners)
    return widest(kept for each in count for kept in _steady(each, count[each], len(runs)))


def _steady(listener: Listener, seen: int, runs: int) -> Iterator[Listener]:
    """A port that another run does not have was chosen by the kernel: it is no name of a service.

    Where it carries datagrams it is a client's: servers ask for a port of their own.
    """
    if not listener.ephemeral or seen > 1 or runs < 2:
        yield listener
    elif listener.protocol == "tcp":
        yield Listener(ANY_PORT, "tcp", listener.loopback)


def _watched(run: Run) -> float:
    """In a document of an older version it is about as long as the run took."""
    return run.watched or min(max(run.duration, 0.0), _YEAR)


def _restarted(run: Run, surroundings: EnvironmentSpace) -> bool:
    effects = surroundings.effects(run.environment)
    return any(step.do in _RESTARTS for effect in effects for step in effect.steps)
