"""Times system calls under several filters in turn, in batches of about a millisecond.

Neighbours in time see the same machine, so ratios are taken round by round.
"""

from __future__ import annotations

import math
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from filters import Filters
from tools import BenchError


class Call(NamedTuple):
    """What calls.c makes: two calls where the first alone would leave something behind."""

    title: str
    arguments: tuple[int, ...]  # the deciding ones, of the first call; others are zero


_MSG_DONTWAIT, _MSG_NOSIGNAL, _FUTEX_WAKE_PRIVATE, _F_GETFL, _MADV_DONTNEED = 64, 0x4000, 129, 3, 4
_READ_WRITE = 3
CALLS: Mapping[str, Call] = {
    "getppid": Call("getppid", ()),
    "read": Call("read", ()),
    "recvfrom": Call("recvfrom", (0, 0, 1, _MSG_DONTWAIT)),
    "sendto": Call("sendto", (0, 0, 0, _MSG_NOSIGNAL)),
    "futex": Call("futex wake", (0, _FUTEX_WAKE_PRIVATE, 1)),
    "mmap": Call("mmap+munmap", (0, 4096, _READ_WRITE)),
    "mprotect": Call("mprotect", (0, 4096, _READ_WRITE)),
    "madvise": Call("madvise", (0, 4096, _MADV_DONTNEED)),
    "fcntl": Call("fcntl F_GETFL", (0, _F_GETFL)),
    "clock_gettime": Call("clock_gettime", (1,)),
    "openat": Call("openat+close", ()),
    "epoll_wait": Call("epoll_wait 0", (0, 0, 1)),
}
#: Processes of a variant that follow each other: where one's memory lies makes a percent.
_GENERATIONS = 10
_BATCH_NANOSECONDS = 1e6
_LEAST = 100
_TRIAL = 2000

#: Call -> variant -> nanoseconds a call, one number for each round; empty where it is denied.
Times = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Estimate:
    """A median, and between what it lies with a probability of 95 %.

    The bounds are order statistics by the binomial distribution: nothing is assumed of the
    numbers but that rounds do not depend on each other.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate:
        ordered, middle = sorted(values), len(values) / 2
        reach = 0.98 * math.sqrt(len(values))
        low, high = max(0, math.floor(middle - reach)), math.ceil(middle + reach)
        return cls(median(ordered), ordered[low], ordered[min(high, len(values) - 1)])


class Server:
    """A process under the filters of one variant that makes calls when it is asked to."""

    def __init__(self, program: Path, cpu: int, filters: Sequence[Path]) -> None:
        command = [str(program), str(cpu), *map(str, filters)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def measure(self, call: str, count: int) -> float | None:
        """Nanoseconds a call; None if the filters deny it."""
        assert self._process.stdin is not None  # noqa: S101 - for the types
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(f"{call} {count}\n")
        except BrokenPipeError:
            raise BenchError("A measuring process ended early.") from None
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise BenchError(f"The measuring process did not survive {call}.")
        return None if answer == "denied" else float(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def timed(
    variants: Sequence[Filters],
    program: Path,
    cpu: int,
    rounds: int,
    progress: Callable[[str], None],
) -> Times:
    """Every call under every variant in every round; the first variant sets the batches' sizes."""
    times: Times = {call: {each.key: [] for each in variants} for call in CALLS}
    chance = random.Random(1)  # noqa: S311 - no secret
    each_lasts = math.ceil(rounds / _GENERATIONS)
    for first in range(0, rounds, each_lasts):
        progress(f"round {first + 1} of {rounds}")
        with _servers(variants, program, cpu) as servers:
            counts = _counts(servers[variants[0].key])
            for _ in range(min(each_lasts, rounds - first)):
                _round(servers, counts, chance, times)
    return times


@contextmanager
def _servers(variants: Sequence[Filters], program: Path, cpu: int) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for each in variants:
            servers[each.key] = Server(program, cpu, each.write(directory))
            stack.callback(servers[each.key].close)
        yield servers


def _counts(server: Server) -> dict[str, int]:
    found = {}
    for call in CALLS:
        taken = server.measure(call, _TRIAL)
        if taken is None:
            raise BenchError(f"This host denies {call} even without a filter.")
        found[call] = max(_LEAST, round(_BATCH_NANOSECONDS / taken))
    return found


def _round(
    servers: Mapping[str, Server],
    counts: Mapping[str, int],
    chance: random.Random,
    times: Times,
) -> None:
    """In another order for each call, so that no variant always follows the same one."""
    for call, count in counts.items():
        for key in chance.sample(list(servers), len(servers)):
            taken = servers[key].measure(call, count)
            if taken is not None:
                times[call][key].append(taken)


def excess(ratio: Estimate, target: float) -> Estimate:
    """How far a ratio is above the target."""
    return Estimate(ratio.median - target, ratio.low - target, ratio.high - target)


def ratios(times: Mapping[str, list[float]], variant: str, base: str) -> Estimate:
    """The variant's numbers to the base's, round by round."""
    pairs = zip(times[variant], times[base], strict=True)
    return Estimate.of([ours / others for ours, others in pairs])


@dataclass(frozen=True)
class Verdict:
    """What is beyond a target, and what may be: the target lies between the bounds."""

    missed: tuple[str, ...]
    undecided: tuple[str, ...]

    @classmethod
    def of(cls, excess: Mapping[str, Estimate]) -> Verdict:
        """By how much each is beyond the target; what is not is below zero."""
        missed = tuple(name for name, each in excess.items() if each.low > 0)
        undecided = tuple(name for name, each in excess.items() if each.low <= 0 < each.high)
        return cls(missed, undecided)

    def __str__(self) -> str:
        if not self.missed and not self.undecided:
            return "met"
        missed = [f"missed: {', '.join(self.missed)}"] if self.missed else []
        undecided = [f"not decided: {', '.join(self.undecided)}"] if self.undecided else []
        return "; ".join(missed + undecided)
