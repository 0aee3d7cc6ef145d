"""Is the printed chance of something new true? Random runs that the campaigns never saw tell.

usage: calibration.py DIR [NAME...]   (profiles are taken from DIR/NAME, or recorded there)

The held-back runs are combinations of settings under which the image starts, as those from which
the estimate is made, but drawn with another seed: DIR/NAME-held-back. New is what the policy for
availability lacks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from beacon.model.profile import Estimate, Profile
from beacon.synthesis.coverage import lets_through
from catalogue import chosen, exploration, profile
from markdown import table
from policies import events

_RUNS, _SEED = 50, 1000


class Row(msgspec.Struct, frozen=True):
    """What was printed of an image, and what more runs showed."""

    name: str
    printed: Estimate
    held_back: int
    new: int

    @property
    def share(self) -> float:
        return self.new / self.held_back if self.held_back else 1.0

    @property
    def holds(self) -> bool:
        return self.printed.low <= self.share <= self.printed.high


def _usable(recorded: Profile) -> list[str]:
    """The settings under which the image alone became ready."""
    alone = (run for run in recorded.ready_runs() if len(run.environment.settings) == 1)
    return [str(run.environment.settings[0]) for run in alone]


def row(name: str, directory: Path) -> Row:
    recorded = profile(name, directory / name)
    words = ["--strategy", "random", "--seed", str(_SEED), "--max-runs", str(_RUNS + 2)]
    words += ["--dimensions", ",".join(_usable(recorded))]
    more = profile(name, directory / f"{name}-held-back", *words)
    tried = {run.environment for run in recorded.runs}
    known = recorded.events() | events(recorded, "availability")
    fresh = [run for run in more.ready_runs() if run.environment not in tried]
    new = sum(
        not all(lets_through(known, event) for event in run.observation.events()) for run in fresh
    )
    return Row(name, exploration(recorded).estimate, len(fresh), new)


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    rows = [row(name, Path(arguments[0])) for name in chosen(arguments[1:])]
    heads = ["image", "printed chance", "interval", "held-back runs", "with something new", "holds"]
    lines = [
        [
            row.name,
            f"{row.printed.chance:.0%}",
            f"{row.printed.low:.0%} to {row.printed.high:.0%}",
            str(row.held_back),
            f"{row.new} ({row.share:.0%})",
            "yes" if row.holds else "no",
        ]
        for row in rows
    ]
    print(table(heads, lines))
    print(f"\nThe interval holds for {sum(row.holds for row in rows)} of {len(rows)} images.")


if __name__ == "__main__":
    main(sys.argv[1:])
