"""What a filter costs each system call: none, Docker's default, BeaCon's policies."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from filters import Filters, holder, installed
from recorded import DOCKER, UNCONFINED, policies, profiles
from timing import CALLS, Estimate, Times, Verdict, excess, ratios, timed
from tools import compile_program, last_cpu, number, require_packages, require_root, say
from trees import as_tree

ROUNDS = 200
#: No call may be slower than under Docker's default by more than this.
TARGET = 1.03


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--rounds", type=number, default=ROUNDS, metavar="N", help="default 200")
    parser.add_argument(
        "--policies",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="directories with a seccomp.json; default: policies of the catalogue, recorded for it",
    )
    parser.add_argument(
        "--tree", action="store_true", help="each policy also as runc 1.2 and newer compile it"
    )
    parser.add_argument(
        "--without-bitmap",
        action="store_true",
        help="run the filters for every call, as kernels before 5.11 do",
    )


def run(options: argparse.Namespace) -> tuple[str, bool]:
    """What is to be printed, and whether the target was met."""
    require_root("it reads filters from the kernel")
    require_packages("clang", "docker")
    with tempfile.TemporaryDirectory(prefix="beacon-bench-") as name:
        directory = Path(name)
        variants = _variants(options, directory)
        times = timed(variants, directory / "calls", last_cpu(), options.rounds, say)
    render = _document if options.json else _table
    return render(variants, times, options.rounds), not _verdict(variants, times).missed


def _variants(options: argparse.Namespace, directory: Path) -> list[Filters]:
    program = directory / "calls"
    compile_program("calls", program)
    chosen = profiles(options.policies or policies(directory))
    with holder(program) as image:
        found = [Filters(UNCONFINED, ()), Filters(DOCKER, installed(image, None))]
        for key, profile in chosen.items():
            say(f"the filter of {key}")
            found.append(Filters(key, installed(image, profile)))
    if options.tree:
        found += (Filters(f"{key}-tree", (as_tree(path),)) for key, path in chosen.items())
    return [each.without_bitmap() for each in found] if options.without_bitmap else found


def _verdict(variants: Sequence[Filters], times: Times) -> Verdict:
    found = {
        f"{call} under {each.key}": excess(ratio, TARGET)
        for call in CALLS
        for each in variants[2:]
        if (ratio := _ratio(times, call, each.key))
    }
    return Verdict.of(found)


def _document(variants: Sequence[Filters], times: Times, rounds: int) -> str:
    document = {
        "version": 1,
        "benchmark": "enforcement",
        "kernel": platform.release(),
        "rounds": rounds,
        "filters": {
            each.key: {
                "instructions": each.instructions,
                "at_once": len(each.at_once()),
                "conditional": each.conditional(),
                "steps": {call: each.steps(call, CALLS[call].arguments) for call in CALLS},
            }
            for each in variants
        },
        "nanoseconds": {
            call: {key: _nanoseconds(values) for key, values in by_variant.items()}
            for call, by_variant in times.items()
        },
        "ratios": {
            call: {each.key: _optional(_ratio(times, call, each.key)) for each in variants}
            for call in times
        },
        "target": TARGET,
        **asdict(_verdict(variants, times)),
    }
    return json.dumps(document, indent=1) + "\n"


def _nanoseconds(values: Sequence[float]) -> dict[str, float] | None:
    """None where the call is denied."""
    return {**asdict(Estimate.of(values)), "best": min(values)} if values else None


def _optional(ratio: Estimate | None) -> dict[str, float] | None:
    return asdict(ratio) if ratio else None


def _ratio(times: Times, call: str, variant: str) -> Estimate | None:
    """To Docker's default; None where one of them denies the call."""
    found = times[call]
    return ratios(found, variant, DOCKER) if found[variant] and found[DOCKER] else None


_FIRST, _WIDTH = 16, 18


def _table(variants: Sequence[Filters], times: Times, rounds: int) -> str:
    lines = [f"ns a call: median (best) of {rounds} rounds"]
    lines += _rows(variants, lambda call, each: _time(times[call][each.key]))
    lines += ["", "ratio to Docker's default, round by round: median (its 95 % bounds)"]
    lines += _rows(variants[2:], lambda call, each: _bounds(_ratio(times, call, each.key)))
    lines += ["", "instructions that run; 0: the kernel's bitmap answers"]
    lines += _rows(variants, lambda call, each: str(each.steps(call, CALLS[call].arguments)))
    lines += ["", "the filters' length; calls that the bitmap answers, others that may pass"]
    lines += _facts(variants)
    verdict = _verdict(variants, times)
    lines += ["", f"target: no call above {TARGET} times Docker's default: {verdict}", ""]
    return "\n".join(lines)


def _rows(variants: Sequence[Filters], cell: Callable[[str, Filters], str]) -> Iterator[str]:
    yield _row("", [each.key for each in variants])
    for call in CALLS:
        yield _row(CALLS[call].title, [cell(call, each) for each in variants])


def _facts(variants: Sequence[Filters]) -> Iterator[str]:
    yield _row("", [each.key for each in variants])
    yield _row("instructions", [str(each.instructions) for each in variants])
    yield _row("from the bitmap", [str(len(each.at_once())) for each in variants])
    yield _row("after a look", [str(len(each.conditional())) for each in variants])


def _row(first: str, cells: Sequence[str]) -> str:
    return f"{first:{_FIRST}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)


def _time(values: Sequence[float]) -> str:
    return f"{Estimate.of(values).median:.0f} ({min(values):.0f})" if values else "denied"


def _bounds(ratio: Estimate | None) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else "denied"
