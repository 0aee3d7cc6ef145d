"""What runs at the same time gain: one campaign with one job, the same with four.

usage: parallel.py DIR   (exit code 10 if the events differ or it is not 2.5 times as fast)

Both are repeated: two campaigns with one job tell what comes by chance, and each of those with four
has to see what both saw, and nothing that neither saw.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import msgspec

from beacon.model.files import load_profile
from beacon.model.profile import Profile
from catalogue import profile_command
from chance import by_chance, odd
from markdown import table

_IMAGE, _RUNS, _WANTED = "nginx", 60, 2.5
_REPEATED = {1: 2, 4: 3}


class _Measured(msgspec.Struct, frozen=True):
    jobs: int
    seconds: float
    profile: Profile


def _campaigns(directory: Path, jobs: int) -> list[_Measured]:
    numbers = range(1, _REPEATED[jobs] + 1)
    return [_campaign(directory / f"jobs-{jobs}-{number}", jobs) for number in numbers]


def _campaign(directory: Path, jobs: int) -> _Measured:
    words = ("--max-runs", str(_RUNS), "--jobs", str(jobs))
    began = time.monotonic()
    command = profile_command(_IMAGE, directory, *words)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return _Measured(jobs, time.monotonic() - began, load_profile(directory))


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    slow, fast = (_campaigns(Path(arguments[0]), jobs) for jobs in _REPEATED)
    print(table(["jobs", "runs", "time", "events"], [_row(each) for each in (*slow, *fast)]))
    gain = mean(each.seconds for each in slow) / mean(each.seconds for each in fast)
    calm = [each.profile for each in slow]
    differences = sorted({name for each in fast for name in odd(each.profile, calm)})
    print(f"\n{gain:.1f} times as fast. By chance: {', '.join(by_chance(calm)) or 'nothing'}.")
    print(f"Differences beyond that: {', '.join(differences) or 'none'}.")
    sys.exit(10 if differences or gain < _WANTED else 0)


def _row(measured: _Measured) -> list[str]:
    recorded = measured.profile
    counts = (len(recorded.runs), f"{measured.seconds:.0f} s", len(recorded.events()))
    return [str(measured.jobs), *map(str, counts)]


if __name__ == "__main__":
    main(sys.argv[1:])
