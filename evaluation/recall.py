"""Is a policy whole? Verification of all that was recorded, and leave-one-out recall.

usage: recall.py DIR RESULTS.json [--max-runs N] [NAME...]

Profiles are taken from DIR/NAME, or recorded there, with at most N runs each.

For each image: the policy for availability is derived from its profile and verified, every recorded
environment again; those that lack something when they are left out are run under the policy without
what they alone used. DIR/NAME-policy keeps policy and verification, so that an interrupted
evaluation goes on; rows of other images that RESULTS.json has stay there. Exit code 10: a policy is
at fault or something was denied, or recall is less than 97 % on average.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import msgspec

from beacon.campaign.completeness import with_completeness
from beacon.cli.recalled import told_left_out
from beacon.errors import UsageError
from beacon.model.files import VERIFICATION_FILE
from beacon.model.profile import Estimate, Exploration, Profile
from beacon.model.recall import Recall
from beacon.model.verification import DifferenceKind, Verdict, Verification
from catalogue import BEACON, chosen, exploration, names, profile
from markdown import share, table
from results import keep

_WANTED = 0.97
_DENIED = (DifferenceKind.SYSCALL, DifferenceKind.CAPABILITY, DifferenceKind.KILLED)
_VERDICTS = {
    Verdict.VERIFIED: "yes",
    Verdict.POLICY: "no",
    Verdict.ENVIRONMENT: "fails without it, too",
}
_SECONDS = "verified-in"  # the file with the seconds that a verification took


class Row(msgspec.Struct, frozen=True):
    """What came of one image. `recorded` and `verified` are in seconds of wall time."""

    name: str
    runs: int
    replayed: int
    recorded: float
    verified: float
    verdict: Verdict
    denials: int
    recall: Recall
    exploration: Exploration
    left_out: tuple[str, ...]  # what came of those that lack something, in words


def row(name: str, directory: Path, options: list[str]) -> Row:
    """Record, derive, verify. `options`: of `beacon profile`."""
    recorded = _complete(profile(name, directory / name, *options))
    folder = directory / f"{name}-policy"
    verification = _verified(directory / name, folder)
    differences = [each for run in verification.runs for each in run.differences]
    differences += verification.starts.differences if verification.starts else ()
    return Row(
        name=name,
        runs=len(recorded.runs),
        replayed=len({run.environment for run in verification.runs}),
        recorded=_wall_time(recorded),
        verified=float((folder / _SECONDS).read_text()),
        verdict=verification.verdict,
        denials=sum(each.kind in _DENIED for each in differences),
        recall=recorded.recall or Recall(0),
        exploration=exploration(recorded),
        left_out=tuple(told_left_out(verification.leave_one_out or ())),
    )


def _complete(recorded: Profile) -> Profile:
    """With its recall; one of an older version gets it from what is stored."""
    if recorded.recall is not None:
        return recorded
    return with_completeness(recorded, lambda environment: len(environment.settings) > 1)


def _wall_time(recorded: Profile) -> float:
    """From the first run's start to the last one's end."""
    first = min(run.started_at for run in recorded.runs)
    return max(run.started_at + run.duration for run in recorded.runs) - first


def _verified(recorded: Path, folder: Path) -> Verification:
    file, seconds = folder / VERIFICATION_FILE, folder / _SECONDS
    newest = (recorded / "profile.json").stat().st_mtime
    if not (seconds.exists() and seconds.stat().st_mtime > newest):
        _beacon("policy", str(recorded), "-o", str(folder))
        began = time.monotonic()
        _beacon("verify", "--leave-one-out", str(folder))
        seconds.write_text(f"{time.monotonic() - began:.1f}\n")
    return msgspec.json.decode(file.read_bytes(), type=Verification)


def _beacon(*words: str) -> None:
    done = subprocess.run([BEACON, *words], stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 10, 11):
        raise UsageError(f"beacon {words[0]} ended with {done.returncode}.")


def _line(row: Row) -> list[str]:
    explored = row.exploration
    return [
        row.name,
        str(row.runs),
        f"{row.recorded:.0f} s",
        str(row.replayed),
        f"{row.verified:.0f} s",
        _VERDICTS[row.verdict],
        str(row.denials),
        f"{share(row.recall.share)} ({row.recall.covered} of {row.recall.environments})",
        *map(_chance, (explored.estimate, explored.kind, explored.repetition)),
    ]


def _chance(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.runs:
        return "-"
    return f"{estimate.chance:.0%} ({estimate.rare} of {estimate.runs})"


def _kinds(rows: list[Row]) -> list[list[str]]:
    return [
        [row.name, f"{kind.dimension}: {', '.join(map(str, kind.events))}"]
        for row in rows
        for kind in row.recall.kinds
    ]


def _left_out(rows: list[Row]) -> list[list[str]]:
    return [[row.name, line] for row in rows for line in row.left_out]


def _table(head: str, lines: list[list[str]]) -> str:
    return f"{table(['image', head], lines)}\n" if lines else f"{head}: none.\n"


_HEADS = ["image", "runs", "recorded in", "environments replayed", "verified in", "verified"]
_HEADS += ["denials", "recall", "another combination", "another kind", "default once more"]


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, results = Path(arguments[0]), Path(arguments[1])
    words = arguments[2:]
    options = words[:2] if words[:1] == ["--max-runs"] else []
    measured = {name: row(name, directory, options) for name in chosen(words[len(options) :])}
    rows = [*keep(results, Row, measured, names()).values()]
    print(table(_HEADS, list(map(_line, rows))))
    average = mean(each.recall.share for each in rows)
    print(
        f"\nOn average {share(average)} of the environments lack nothing when they are left out.\n"
    )
    print(_table("kind of setting that alone brings it: event", _kinds(rows)))
    print(_table("environment without what it alone used, and what came of it", _left_out(rows)))
    blamed = any(each.verdict is Verdict.POLICY or each.denials for each in rows)
    met = average >= _WANTED and not blamed
    sys.exit(0 if met else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
