"""What runs at the same time gain: one campaign with one job, the same with four.

usage: jobs.py DIR   (exit code 10 if the events differ or it is not 2.5 times as fast)
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from beacon.model.event import Event
from beacon.model.files import load_profile
from catalogue import profile_command
from markdown import table

_IMAGE, _RUNS, _WANTED = "nginx", 60, 2.5


def _campaign(directory: Path, jobs: int) -> tuple[float, frozenset[Event], int]:
    words = ("--max-runs", str(_RUNS), "--jobs", str(jobs))
    began = time.monotonic()
    command = profile_command(_IMAGE, directory, *words)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - began
    recorded = load_profile(directory)
    return seconds, recorded.events(), len(recorded.runs)


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    measured = {jobs: _campaign(Path(arguments[0]) / f"jobs-{jobs}", jobs) for jobs in (1, 4)}
    rows = [
        [str(jobs), str(runs), f"{seconds:.0f} s", str(len(events))]
        for jobs, (seconds, events, runs) in measured.items()
    ]
    print(table(["jobs", "runs", "time", "events"], rows))
    (slow, some, _), (fast, others, _) = measured.values()
    odd = ", ".join(sorted(event.name for event in some ^ others)) or "none"
    print(f"\n{slow / fast:.1f} times as fast; events that only one of them saw: {odd}.")
    sys.exit(10 if odd != "none" or slow / fast < _WANTED else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
