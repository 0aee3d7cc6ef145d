"""What watching system calls costs: `script/bench monitor`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from contextlib import ExitStack
from dataclasses import asdict

from measure import Measured, Spread, Times, ratio, rounds
from observers import VARIANTS
from tools import BenchError, helpers, number, require_packages, require_root, say, tracefs

ROUNDS = 15
TARGET = 1.25
#: The first is judged.
RATIOS = (
    ("recording", "empty-both"),
    ("recording", "empty-enter"),
    ("bystander", "bare"),
    ("joined", "bystander"),
    ("bystander-plain", "bare-plain"),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--rounds", type=number, default=ROUNDS, metavar="N", help="default 15")


def run(options: argparse.Namespace) -> tuple[str, bool]:
    """What is to be printed, and whether the target was met."""
    measured = _measure(options.rounds)
    text = json.dumps(_document(measured), indent=1) + "\n" if options.json else _table(measured)
    return text, _met(measured.times)


def _measure(count: int) -> Measured:
    require_root("it loads programs into the kernel")
    require_packages("clang", "bpftrace", "strace")
    with ExitStack() as stack:
        built = stack.enter_context(helpers())
        stack.enter_context(tracefs())
        # The last processor: the first ones serve most interrupts.
        try:
            return rounds(VARIANTS, built, count, max(os.sched_getaffinity(0)), say)
        except subprocess.TimeoutExpired as late:
            raise BenchError(f"{late.cmd[0]} did not end within {late.timeout:.0f} s.") from None


def _met(times: Times) -> bool:
    return ratio(times, *RATIOS[0]).median <= TARGET


def _document(measured: Measured) -> dict[str, object]:
    times = measured.times
    return {
        "version": 1,
        "benchmark": "monitor",
        "kernel": platform.release(),
        "rounds": len(times[VARIANTS[0].key]),
        "crowded_rounds": measured.crowded,
        "nanoseconds": {key: asdict(Spread.of(values)) for key, values in times.items()},
        "ratios": [
            {"variant": variant, "base": base, **asdict(ratio(times, variant, base))}
            for variant, base in RATIOS
        ],
        "target": TARGET,
        "met": _met(times),
    }


def _table(measured: Measured) -> str:
    times = measured.times
    lines = [f"{'nanoseconds a call (getppid)':42}{'median':>9}{'min':>9}{'max':>9}"]
    for variant in VARIANTS:
        spread = Spread.of(times[variant.key])
        lines.append(f"{variant.title:42}{spread.median:9.0f}{spread.low:9.0f}{spread.high:9.0f}")
    lines += ["", f"{'ratio, round by round':42}{'median':>9}{'min':>9}{'max':>9}"]
    for pair in RATIOS:
        spread = ratio(times, *pair)
        title = " / ".join(pair)
        lines.append(f"{title:42}{spread.median:9.2f}{spread.low:9.2f}{spread.high:9.2f}")
    verdict = "met" if _met(times) else "missed"
    lines += ["", f"target: {' / '.join(RATIOS[0])} <= {TARGET}: {verdict}"]
    if measured.crowded:
        lines.append(
            f"{measured.crowded} rounds ran beside BPF programs of others: repeat it alone"
        )
    lines.append("")
    return "\n".join(lines)
