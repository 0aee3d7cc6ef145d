"""What environments add to the system calls of the catalogue's images: the paper's figures 3, 4.

usage: environments.py DIR [NAME...]   (profiles are taken from DIR/NAME, or recorded there;
exit code 10: environments add less than the paper's average)
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import mean

import msgspec

from beacon.exploration.growth import Growth, growth
from beacon.model.event import Event, Syscall, without_argument
from beacon.model.profile import Estimate, Profile
from beacon.model.run import Ending
from catalogue import chosen, exploration, profile
from markdown import share, table


class Row(msgspec.Struct, frozen=True):
    """System calls by what it took to see them; no call is counted twice."""

    name: str
    grown: Growth  # by name
    by_class: Growth  # with the argument classes of a call distinguished
    runs: int
    not_ready: int
    refused: int
    estimate: Estimate

    @property
    def beyond(self) -> float:
        """What environments add as a share of the default environment with the workload."""
        grown = self.grown
        return (grown.options + grown.life) / (grown.baseline + grown.workload)

    @property
    def workload(self) -> float:
        """What the workload adds, as a share of the baseline."""
        return self.grown.workload / self.grown.baseline


def row(name: str, recorded: Profile) -> Row:
    endings = [run.outcome.ending for run in recorded.runs]
    return Row(
        name=name,
        grown=growth(recorded, _by_name),
        by_class=growth(recorded, _call),
        runs=len(endings),
        not_ready=len(endings) - len(recorded.ready_runs()) - endings.count(Ending.REFUSED),
        refused=endings.count(Ending.REFUSED),
        estimate=exploration(recorded).estimate,
    )


def _call(event: Event) -> Event | None:
    return event if isinstance(event, Syscall) else None


def _by_name(event: Event) -> Event | None:
    return without_argument(event) if isinstance(event, Syscall) else None


def show(rows: list[Row]) -> None:
    heads = ["image", "baseline", "+ options", "+ workload", "+ life, faults", "all"]
    heads += ["environments", "workload", "beyond the workload"]
    lines = [
        [
            row.name,
            *(str(getattr(row.grown, key)) for key in _COUNTS),
            share(row.grown.environments),
            share(row.workload),
            share(row.beyond),
        ]
        for row in rows
    ]
    lines.append(
        [
            "**average**",
            *(f"{mean(getattr(row.grown, key) for row in rows):.1f}" for key in _COUNTS),
            share(mean(row.grown.environments for row in rows)),
            share(mean(row.workload for row in rows)),
            share(mean(row.beyond for row in rows)),
        ]
    )
    print(table(heads, lines))
    by_class = share(mean(row.by_class.environments for row in rows))
    print(f"\nWith argument classes distinguished: {by_class}.\n")
    heads = ["image", "runs", "not ready", "not applicable", "chance of something new", "interval"]
    print(
        table(
            heads,
            [
                [
                    row.name,
                    str(row.runs),
                    str(row.not_ready),
                    str(row.refused),
                    f"{row.estimate.chance:.0%} ({row.estimate.rare} of {row.estimate.runs})",
                    f"{row.estimate.low:.0%} to {row.estimate.high:.0%}",
                ]
                for row in rows
            ],
        )
    )


_WANTED = 0.165  # the paper's average
_COUNTS = ("baseline", "options", "workload", "life", "total")


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    directory = Path(arguments[0])
    rows = [row(name, profile(name, directory / name)) for name in chosen(arguments[1:])]
    show(rows)
    sys.exit(0 if mean(row.grown.environments for row in rows) >= _WANTED else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
