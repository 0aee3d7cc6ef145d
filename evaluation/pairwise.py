"""Does the adaptive strategy find what all pairs of settings show, with how many runs?

usage: pairwise.py DIR PLOT.svg [NAME...]   (profiles are taken from DIR/NAME-*, or recorded there)

One value of every dimension that applies to the image (the first of the table) is varied. The truth
is the campaign that runs every two of them together; the adaptive one is recorded with five seeds.
What is certain to come whether a run shows it or not (data/implied_syscalls.toml) counts as found.
Events are counted by name, then with their argument classes. Exit code 10: less than 99 % found by
name,
or with more than a tenth of the runs.
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
from beacon.model.event import Event, sort_key, without_argument
from beacon.model.profile import Profile
from catalogue import exploration, profile, settings
from chance import known
from markdown import share, table

_IMAGES = ("nginx", "redis", "postgres")
_SEEDS = range(1, 6)
_RANDOM_RUNS = 200
_FOUND, _RUNS = 0.99, 0.1


class Comparison(msgspec.Struct, frozen=True):
    """The campaigns of one image."""

    name: str
    pairwise: Profile
    adaptive: tuple[Profile, ...]
    random: Profile


def _plain(events: frozenset[Event]) -> frozenset[Event]:
    return frozenset(map(without_argument, events))


def _curve(recorded: Profile) -> list[frozenset[Event]]:
    """All events seen so far, after each run."""
    shown = [
        _plain(run.observation.events()) if run.outcome.ready else frozenset[Event]()
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


class _Result(msgspec.Struct, frozen=True):
    """How one adaptive campaign compares with the truth."""

    seed: int
    runs: int
    truth: frozenset[Event]
    known: frozenset[Event]

    @property
    def missed(self) -> frozenset[Event]:
        return frozenset(e for e in self.truth if not {e, without_argument(e)} & self.known)

    @property
    def found(self) -> float:
        return 1 - len(self.missed) / len(self.truth)

    def by_name(self) -> _Result:
        return msgspec.structs.replace(self, truth=_plain(self.truth), known=_plain(self.known))


def _results(compared: Comparison) -> list[_Result]:
    truth = compared.pairwise.events()
    return [
        _Result(exploration(each).seed, len(each.runs), truth, known(each))
        for each in compared.adaptive
    ]


def _row(compared: Comparison, result: _Result) -> list[str]:
    named, runs = result.by_name(), len(compared.pairwise.runs)
    cells = [
        compared.name,
        str(result.seed),
        str(runs),
        str(result.runs),
        share(result.runs / runs),
    ]
    for each in (named, result):
        missed = ", ".join(str(event) for event in sorted(each.missed, key=sort_key))
        cells += [str(len(each.truth)), share(each.found), missed or "none"]
    return cells


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
    heads = ["image", "seed", "runs of all pairs", "adaptive runs", "share of the runs"]
    heads += ["events", "found", "missed", "with arguments", "found", "missed"]
    results = [(one, result) for one in compared for result in _results(one)]
    print(table(heads, [_row(one, result) for one, result in results]))
    _plot(compared, path)
    met = (
        result.by_name().found >= _FOUND and result.runs <= _RUNS * len(one.pairwise.runs)
        for one, result in results
    )
    sys.exit(0 if all(met) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
