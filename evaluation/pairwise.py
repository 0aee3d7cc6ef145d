"""Does the adaptive strategy find what all pairs of settings show, with how many runs?

usage: pairwise.py DIR PLOT.svg [NAME...]   (profiles are taken from DIR/NAME-*, or recorded there)

One value of every dimension that applies to the image (the first of the table) is varied. The truth
is the campaign that runs every two of them together; the adaptive one is recorded with five seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import msgspec
from matplotlib import pyplot
from matplotlib.axes import Axes

from beacon.campaign.settings import read_settings
from beacon.data.dimensions import general, select
from beacon.model.event import Event
from beacon.model.profile import Profile
from catalogue import profile, settings
from markdown import share, table

_IMAGES = ("nginx", "redis", "postgres")
_SEEDS = range(1, 6)
_RANDOM_RUNS = 200


class Comparison(msgspec.Struct, frozen=True):
    """The campaigns of one image."""

    name: str
    pairwise: Profile
    adaptive: tuple[Profile, ...]
    random: Profile

    @property
    def truth(self) -> frozenset[Event]:
        return self.pairwise.events()

    def found(self, adaptive: Profile) -> float:
        """The share of the truth's events that an adaptive campaign showed."""
        return len(adaptive.events() & self.truth) / len(self.truth)


def _curve(recorded: Profile) -> list[frozenset[Event]]:
    """All events seen so far, after each run."""
    shown = [
        run.observation.events() if run.outcome.ready else frozenset[Event]()
        for run in recorded.runs
    ]
    return list(accumulate(shown, lambda before, now: before | now))


def _record(name: str, directory: Path) -> Comparison:
    own = select((*general(), *read_settings(settings(name)).dimensions), None)
    first = ",".join(f"{each.name}={next(iter(each.values))}" for each in own)

    def campaign(strategy: str, seed: int, *options: str) -> Profile:
        place = directory / f"{name}-{strategy}-{seed}"
        words = ("--dimensions", first, "--strategy", strategy, "--seed", str(seed), *options)
        return profile(name, place, *words)

    return Comparison(
        name,
        campaign("pairwise", 1),
        tuple(campaign("adaptive", seed) for seed in _SEEDS),
        campaign("random", 1, "--max-runs", str(_RANDOM_RUNS)),
    )


def _row(compared: Comparison, adaptive: Profile) -> list[str]:
    found, truth = adaptive.events(), compared.truth
    runs = len(adaptive.runs)
    return [
        compared.name,
        str(adaptive.exploration.seed if adaptive.exploration else 0),
        str(len(compared.pairwise.runs)),
        str(len(truth)),
        str(runs),
        share(runs / len(compared.pairwise.runs)),
        share(compared.found(adaptive)),
        _names(truth - found),
        _names(found - truth),
    ]


def _names(events: frozenset[Event]) -> str:
    return ", ".join(sorted(event.name for event in events)) or "none"


def _plot(compared: Sequence[Comparison], path: Path) -> None:
    figure, axes = pyplot.subplots(
        1, len(compared), figsize=(4.5 * len(compared), 4), squeeze=False
    )
    for one, axis in zip(compared, axes[0], strict=True):
        _line(axis, one.pairwise, "tab:gray", "every pair")
        _line(axis, one.random, "tab:orange", "random")
        for number, adaptive in enumerate(one.adaptive):
            _line(axis, adaptive, "tab:blue", "" if number else "adaptive, five seeds")
        axis.set(title=one.name, xscale="log", xlabel="runs", ylabel="events seen")
        axis.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _line(axis: Axes, recorded: Profile, colour: str, label: str) -> None:
    counts = [len(events) for events in _curve(recorded)]
    axis.step(range(1, len(counts) + 1), counts, where="post", color=colour, label=label or None)


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, path = Path(arguments[0]), Path(arguments[1])
    compared = [_record(name, directory) for name in arguments[2:] or _IMAGES]
    heads = ["image", "seed", "runs of all pairs", "events", "adaptive runs", "share of the runs"]
    heads += ["events found", "missed", "only adaptive"]
    print(table(heads, [_row(one, adaptive) for one in compared for adaptive in one.adaptive]))
    _plot(compared, path)


if __name__ == "__main__":
    main(sys.argv[1:])
