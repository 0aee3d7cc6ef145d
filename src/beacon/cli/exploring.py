"""The options of `beacon profile` that say how far to explore, and what they ask for."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from dataclasses import dataclass

import msgspec

from beacon import __version__
from beacon.campaign.placing import applicable
from beacon.campaign.record import Budget
from beacon.campaign.settings import Settings
from beacon.cli.arguments import positive
from beacon.data.dimensions import general, select
from beacon.engines.interface import Image
from beacon.exploration.choose import NAMES, choose
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Surroundings
from beacon.model.launch import Launch

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)", re.ASCII)
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def add_exploration_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("which environments to explore, and how far")
    group.add_argument("--strategy", choices=NAMES, default="adaptive", help="default adaptive")
    group.add_argument(
        "--dimensions",
        metavar="LIST",
        help="names, or NAME=VALUE, with commas between; default: all that give the image no part "
        "of the host (`beacon dimensions` lists them)",
    )
    group.add_argument(
        "--max-runs",
        metavar="N",
        type=positive(int),
        help="at most so many runs in all; the first two or three are made in any case",
    )
    group.add_argument(
        "--time-budget", metavar="TIME", type=duration, help="begin no run after it: 90s, 10m, 1h"
    )
    group.add_argument(
        "--target",
        metavar="CHANCE",
        type=positive(float),
        default=0.05,
        help="stop when one more run shows something new with no greater chance (default 0.05), "
        "or after 36 combinations",
    )
    group.add_argument("--seed", metavar="N", type=seed, default=1, help="default 1")
    group.add_argument("--jobs", metavar="N", type=positive(int), default=default_jobs())
    group.add_argument(
        "--resume", action="store_true", help="go on where the same command was interrupted"
    )


def default_jobs() -> int:
    """Runs at a time: four fifths of a run are waiting, so four times the processors."""
    return min(16, 4 * (os.cpu_count() or 1))


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


@dataclass(frozen=True)
class Plan:
    """What to explore."""

    surroundings: Surroundings
    strategy: Strategy
    budget: Budget
    seed: int


def plan(options: argparse.Namespace, settings: Settings, image: Image, launch: Launch) -> Plan:
    """The plan that the options ask for; UsageError for an unknown dimension."""
    names = None
    if options.dimensions is not None:
        names = tuple(name.strip() for name in options.dimensions.split(",") if name.strip())
    chosen = select((*general(), *settings.dimensions), names)
    dimensions = applicable(chosen, image, launch)
    return Plan(
        Surroundings(dimensions, settings.writable),
        choose(options.strategy, Space(dimensions), options.seed, options.target),
        Budget(options.max_runs, options.time_budget),
        options.seed,
    )


def identity(options: argparse.Namespace, image: Image, launch: Launch, plan: Plan) -> str:
    """What a journal has to agree in to be this campaign's."""
    words = (
        __version__,
        image.id,
        launch,
        plan.surroundings,
        options.strategy,
        options.seed,
        options.target,
        options.workload,
    )
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()
