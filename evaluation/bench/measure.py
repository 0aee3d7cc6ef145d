"""Runs all variants in turn, round after round, so that drift of the machine hits all alike."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from observers import Variant, Watch
from tools import BenchError, Helpers, attached_links

BATCHES = 15
CALLS = 30_000
TIMEOUT_SECONDS = 120

Times = dict[str, list[float]]  # variant -> nanoseconds a call, one number for each round


@dataclass
class Measured:
    """The times, and how many rounds began beside BPF programs of others, which cost time too."""

    times: Times
    crowded: int = 0


@dataclass(frozen=True)
class Spread:
    """A median and between what it lies."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of one number for each round."""
        return cls(median(values), min(values), max(values))


def rounds(
    variants: Sequence[Variant],
    built: Helpers,
    count: int,
    cpu: int,
    progress: Callable[[str], None],
) -> Measured:
    """Nanoseconds a call in every round; a first round warms up and is thrown away."""
    measured = Measured({variant.key: [] for variant in variants})
    for number in range(count + 1):
        progress(f"round {number} of {count}" if number else "warm-up")
        measured.crowded += bool(number and attached_links())
        # Every other round backwards, so that no variant always follows the same one.
        for variant in variants if number % 2 else reversed(variants):
            nanoseconds = run(variant, built, cpu)
            if number:
                measured.times[variant.key].append(nanoseconds)
    return measured


def run(variant: Variant, built: Helpers, cpu: int) -> float:
    """The median batch of one process under one observer."""
    calls = max(CALLS // variant.slowness, 100)
    with variant.observe(built) as watch:
        batches = _loop(variant, watch, built, (cpu, BATCHES, calls))
        seen = watch.seen() if watch.seen else None
    if seen is not None and seen < BATCHES * calls:
        raise BenchError(f"{variant.key} saw {seen} of {BATCHES * calls} calls: its time is void.")
    return median(batches)


def _loop(
    variant: Variant, watch: Watch, built: Helpers, size: tuple[int, int, int]
) -> list[float]:
    command = [*watch.prefix, str(built.loop), *map(str, size)]
    command.append("filter" if variant.filtered else "plain")
    if watch.cgroup_procs:
        command.append(str(watch.cgroup_procs))
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    if done.returncode:
        raise BenchError(f"The loop failed under {variant.key}: {done.stderr.strip()}")
    return [float(line) for line in done.stdout.split()]


def ratio(times: Times, variant: str, base: str) -> Spread:
    """How many times slower, round by round: neighbours in time see the same machine."""
    pairs = zip(times[variant], times[base], strict=True)
    return Spread.of([slow / fast for slow, fast in pairs])
