"""Ten kills at random moments: does the resumed campaign end as one that nobody disturbed?

usage: kills.py DIR [SEED]   (exit code 10 if it does not, or if a container is left)

Nobody disturbs three campaigns of the same seed, which tell what comes by chance. The killed one
has to see what all three saw and nothing that none of them did, and to have the same runs with the
same outcomes and estimates as one of them.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from beacon.model.profile import Profile
from catalogue import profile, profile_command
from chance import by_chance, odd

_IMAGE, _KILLS, _CALM = "nginx", 10, 3
_DIMENSIONS = "init,exec,life,signal,user,read-only,cap-drop,malloc,sysctl,dns,volume,nofile"
_OPTIONS = ("--dimensions", _DIMENSIONS)


def _campaign(directory: Path) -> Profile:
    recorded = profile(_IMAGE, directory, *_OPTIONS)
    if recorded.gaps():
        sys.exit(f"{directory} is not complete ({recorded.gaps()[0]}): remove it.")
    return recorded


def _killed(directory: Path, seed: int) -> int:
    """Kill it ten times, each within seconds of its start; how often it came to that."""
    source = random.Random(seed)  # noqa: S311 - no secret
    for number in range(_KILLS):
        command = profile_command(_IMAGE, directory, *_OPTIONS, "--resume")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(source.uniform(0.2, 12))
        alive = process.poll() is None
        process.kill()
        process.wait()
        if not alive:
            return number
    return _KILLS


def _left() -> list[str]:
    words = ["docker", "ps", "--all", "--quiet", "--filter", "label=beacon.owner"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def _differences(one: Profile, other: Profile) -> Iterator[str]:
    ours, theirs = ({run.name: run for run in each.runs} for each in (one, other))
    if list(ours) != list(theirs):
        yield f"runs: {sorted(set(ours) ^ set(theirs)) or 'another order'}"
    for name in ours.keys() & theirs.keys():
        mine, its = ours[name].outcome, theirs[name].outcome
        if (mine.ending, mine.checks, mine.exit_code) != (its.ending, its.checks, its.exit_code):
            yield f"outcome of {name}: {mine.ending}, {its.ending}"
    if one.exploration != other.exploration:
        yield f"estimates: {one.exploration}, {other.exploration}"


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    directory, seed = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 1
    disturbed = directory / f"killed-{seed}"
    calm = [_campaign(directory / f"calm-{number}") for number in range(1, _CALM + 1)]
    before = set(_left())
    kills = _killed(disturbed, seed)
    killed = _campaign(disturbed)
    differences = min((list(_differences(each, killed)) for each in calm), key=len)
    differences += odd(killed, calm)
    left = set(_left()) - before
    print(f"{kills} kills, {len(killed.runs)} runs, {len(killed.events())} events.")
    print(f"Containers left: {len(left)}. By chance: {', '.join(by_chance(calm)) or 'nothing'}.")
    print(f"Differences from the undisturbed campaigns: {'; '.join(differences) or 'none'}.")
    sys.exit(10 if differences or left or kills < _KILLS else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
