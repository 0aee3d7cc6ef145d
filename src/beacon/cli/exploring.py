"""The options of `beacon profile` that say how far to explore, and what they ask for."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from beacon import __version__
from beacon.campaign.placing import applicable
from beacon.campaign.record import Budget, Planner
from beacon.campaign.service_environments import settings_of
from beacon.campaign.settings import Settings
from beacon.cli.arguments import positive
from beacon.data.dimensions import general, select
from beacon.engines.interface import Image
from beacon.errors import UsageError
from beacon.exploration.choose import NAMES, choose
from beacon.exploration.interface import Strategy
from beacon.exploration.space import Space
from beacon.model.environment import Dimension, Surroundings
from beacon.model.launch import Launch
from beacon.model.text import printable
from beacon.workloads.discovery import services

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
        help="How environments are chosen (docs/environments.md). Values: adaptive, baseline (only "
        "the default environment), one-at-a-time, pairwise, random, exhaustive. Default: adaptive.",
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
        "`beacon services` lists, or none. May be repeated. Default: what is recognised by the "
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
        default=0.05,
        help="Stop once the estimated chance that one more run shows something new is at most "
        "this, or after 36 random combinations. For adaptive. Default: 0.05.",
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
    surroundings, strategy = planner(options, settings, image, launch)((), ())
    budget = Budget(options.max_runs, options.time_budget)
    return Plan(surroundings, strategy, budget, options.seed)


def planner(
    options: argparse.Namespace, settings: Settings, image: Image, launch: Launch
) -> Planner:
    """What makes surroundings and strategy once the recognised service's dimensions are known.

    The user's own settings file counts before those.
    """

    def plan(
        more: tuple[Dimension, ...], writable: tuple[str, ...]
    ) -> tuple[Surroundings, Strategy]:
        known = (*general(), *more, *settings.dimensions)
        chosen = select(known, _named(options, {each.name for each in known}))
        dimensions = applicable(chosen, image, launch)
        paths = tuple(dict.fromkeys((*settings.writable, *writable)))
        space = Space(dimensions)
        strategy = choose(options.strategy, space, options.seed, options.target)
        return Surroundings(dimensions, paths), strategy

    return plan


def _named(options: argparse.Namespace, known: Collection[str]) -> tuple[str, ...] | None:
    """The words of --dimensions; those of services that are not recognised (yet) say nothing."""
    if options.dimensions is None:
        return None
    words = (word.strip() for word in options.dimensions.split(","))
    later = {
        dimension.name for each in services().values() for dimension in settings_of(each).dimensions
    } - set(known)
    return tuple(word for word in words if word and word.partition("=")[0] not in later)


def named_services(words: Sequence[str]) -> tuple[str, ...] | None:
    """The services of --service; None without any, () for `none`. UsageError for an unknown one."""
    if not words:
        return None
    if list(words) == ["none"]:
        return ()
    for word in words:
        if word not in services():
            raise UsageError(
                f"There is no service {printable(word)!r}: give one of "
                f"{', '.join(sorted(services()))}, or none alone."
            )
    return tuple(dict.fromkeys(words))


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
        options.service,
        options.as_configured,
        [(each.name, settings_of(each)) for each in services().values()],
    )
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()
