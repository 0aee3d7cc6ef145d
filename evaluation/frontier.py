"""Risk against breakage, as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import msgspec

mpl.use("svg")
from matplotlib import pyplot as plt


class Point(msgspec.Struct, frozen=True):
    """A kind of policy: how many known CVEs it leaves open, which share of checks it breaks."""

    name: str
    open: float
    broken: float


def draw(file: Path, points: Iterable[Point]) -> None:
    """As an SVG; better is lower and further to the left."""
    mpl.rcParams["svg.hashsalt"] = "beacon"
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for each in points:
        axes.scatter(each.open, 100 * each.broken)
        axes.annotate(each.name, (each.open, 100 * each.broken), (6, 4), textcoords="offset points")
    axes.set_xlabel("known CVEs left open (average)")
    axes.set_ylabel("checks that fail (%)")
    axes.set_ylim(bottom=-3)
    axes.set_xlim(left=0)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
