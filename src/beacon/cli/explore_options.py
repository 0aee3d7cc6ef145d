"""The options of `beacon profile` that say how far to explore, and what they ask for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from beacon.campaign.request import default_jobs
from beacon.cli.arguments import positive
from beacon.exploration.choose import NAMES

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)", re.ASCII)
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def add_exploration_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("exploration")
    group.add_argument(
        "--strategy",
        metavar="NAME",
        choices=NAMES,
        default="adaptive",
        help="How environments are chosen (docs/concepts/environments.md). Values: adaptive, "
        "baseline (only the default environment), one-at-a-time, pairwise, random, "
        "exhaustive. Default: adaptive.",
    )
    group.add_argument(
        "--dimensions",
        metavar="LIST",
        help="What to vary: names, or NAME=VALUE, separated by commas, as `beacon dimensions` "
        "lists them. Default: all that give the image no part of the host.",
    )
    group.add_argument(
        "--service",
        metavar="NAME",
        action="append",
        default=[],
        help="Take the image for this service, and explore its own environments, too: a name that "
        "`beacon services` lists, or none. May be repeated. With --compose it names the service of "
        "that file instead. Default: what is recognised by the "
        "programs that run, the command, and the image's name.",
    )
    group.add_argument(
        "--as-configured",
        action="store_true",
        help="Explore no environments of the recognised service, only the configuration that is "
        "there. Default: explore them.",
    )
    _add_limits(group)
    add_jobs_option(group, "runs")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--max-runs",
        metavar="N",
        type=positive(int),
        help="Make at most N runs in all. The first two or three, in the default environment, are "
        "made in any case. Default: no limit.",
    )
    group.add_argument(
        "--time-budget",
        metavar="TIME",
        type=duration,
        help="Begin no run after this time: 90s, 10m, 1h. Default: no limit.",
    )
    group.add_argument(
        "--target",
        metavar="CHANCE",
        type=positive(float),
        default=0.1,
        help="Stop once the chance that another combination of settings shows something new is "
        "at most this, at the upper end of its interval, or after 42 random combinations. For "
        "adaptive. Default: 0.1.",
    )
    group.add_argument(
        "--seed",
        metavar="N",
        type=seed,
        default=1,
        help="A whole number; the same seed proposes the same environments. Default: 1.",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="Continue an interrupted run of the same command, after the runs in journal.jsonl. "
        "Default: begin anew.",
    )


def add_jobs_option(group: argparse._ArgumentGroup, things: str) -> None:
    """Add the option that says how many `things` there are at a time."""
    group.add_argument(
        "--jobs",
        metavar="N",
        type=positive(int),
        default=default_jobs(),
        help=f"How many {things} at a time. Default: four for each processor, at most 16.",
    )


def seed(text: str) -> int:
    """An argparse type: a whole number that a document can hold."""
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError(text)
    return number


def duration(text: str) -> float:
    """An argparse type: seconds, from `90s`, `10m` or `1h`."""
    match = _DURATION.fullmatch(text)
    if not match or float(match[1]) <= 0:
        raise ValueError(text)
    return float(match[1]) * _UNITS[match[2]]


def named_services(words: Sequence[str]) -> tuple[str, ...] | None:
    """The services of --service; None without any, () for `none`."""
    if not words:
        return None
    return () if list(words) == ["none"] else tuple(dict.fromkeys(words))


def named_dimensions(words: str | None) -> tuple[str, ...] | None:
    """The words of --dimensions; None without the option."""
    if words is None:
        return None
    return tuple(name.strip() for name in words.split(",") if name.strip())
