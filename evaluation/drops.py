"""Whether a call that is dropped from a policy is noticed, named and healed.

usage: drops.py DIR RESULTS.json [NAME...]   (nginx, redis, postgres and python)

Of each image's policy, as the default environment needs it, calls are dropped one at a time: ten
that runs used, chosen at random with a fixed seed, and three that none used. `beacon verify --heal`
is run on what is left. Where it sees no denial, runs without the policy show whether they make the
call. Each drop is kept in DIR as soon as it is done, so that an interrupted evaluation goes on;
RESULTS.json has all of them, also those of other images that it had before. Exit code 10: a drop
went unnoticed, another was named, or the healed policy is not exactly what it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from beacon.export.all import render_all
from beacon.model.entry import Entry
from beacon.model.event import Syscall, without_argument
from beacon.model.files import load_policy, write_files
from beacon.model.missing import Missing
from beacon.model.policy import Policy
from beacon.model.verification import DENIALS
from catalogue import BEACON, profile
from markdown import table
from results import keep

_NAMES = ("nginx", "redis", "postgres", "python")
_USED, _UNUSED = 10, 3
_QUICK = ("--quick", "--starts", "0", "--trust", "--json")


class Drop(msgspec.Struct, frozen=True):
    """One call dropped: what `verify` named, what else differed, and what healing came to.

    `used`: a run makes the call, with the policy or without. `restored`: the policy allows what it
    did before.
    """

    call: str
    named: tuple[str, ...]
    differences: int
    used: bool
    restored: bool
    verdict: str

    @property
    def consequences(self) -> set[str]:
        """What else was denied: a program that cannot make one call takes another way."""
        return set(self.named) - {self.call} if self.call in self.named else set()

    @property
    def failed(self) -> bool:
        """Whether it shows a fault of BeaCon's.

        A call that no run makes has to go without any name; healing has to add the other ones, and
        nothing beside them.
        """
        if not self.used:
            return bool(self.named) or self.verdict != "verified"
        return self.call not in self.named or not self.restored or self.verdict != "verified"


def policy_of(name: str, directory: Path) -> Path:
    """The directory of its policy, derived from runs in the default environment."""
    place = directory / f"drops-{name}-policy"
    if not (place / "policy.json").exists():
        recorded = directory / f"drops-{name}"
        profile(name, recorded, "--strategy", "baseline")
        command = [BEACON, "policy", str(recorded), "-o", str(place), "--incomplete"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return place


def chosen(name: str, policy: Policy) -> Iterator[Entry]:
    """The entries to drop: the same each time."""
    calls = (each for each in policy.entries if isinstance(each.event, Syscall))
    allowed = [each for each in calls if each.allowed]
    random = Random(f"drops of {name}")  # noqa: S311 - no secret
    for count, used in ((_USED, True), (_UNUSED, False)):
        entries = [each for each in allowed if bool(each.count) is used]
        yield from random.sample(entries, min(count, len(entries)))


def drop(entry: Entry, policy: Policy, place: Path) -> Drop:
    """Drop it, heal what is left in `place`, and say what came of it."""
    kept = tuple(each for each in policy.entries if each != entry)
    place.mkdir(exist_ok=True)
    write_files(place, render_all(msgspec.structs.replace(policy, entries=kept)))
    document = _verified(place, "--heal")
    differences = [d for run in document["before"]["runs"] for d in run["differences"]]
    named = {str(d["name"]) for d in differences if d["kind"] in DENIALS}
    # What a signal or an unread class names is the call as a whole.
    whole, call = str(without_argument(entry.event)), str(entry.event)
    named = {call if name == whole else name for name in named}
    return Drop(
        call,
        tuple(sorted(named)),
        sum(d["kind"] not in DENIALS for d in differences),
        call in named or _is_made(call, place),
        load_policy(place).events() == policy.events(),
        document["verdict"],
    )


def _is_made(call: str, place: Path) -> bool:
    """Whether runs without the policy make a call that it does not allow."""
    missing = msgspec.convert(_verified(place, "--log")["missing"], list[Missing])
    return call in {str(each.event) for each in missing}


def _verified(place: Path, mode: str) -> dict[str, Any]:
    command = [BEACON, "verify", mode, *_QUICK, str(place)]
    done = subprocess.run(command, stdout=subprocess.PIPE)
    if done.returncode not in (0, 10, 11):
        sys.exit(f"beacon verify {mode} of {place} ended with {done.returncode}.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def drops(name: str, directory: Path) -> list[Drop]:
    """All drops of an image, those that DIR has and those that are done now."""
    place = policy_of(name, directory)
    policy, file = load_policy(place), directory / f"drops-{name}.jsonl"
    lines = file.read_bytes().splitlines() if file.exists() else []
    done = {each.call: each for each in (msgspec.json.decode(line, type=Drop) for line in lines)}
    for entry in chosen(name, policy):
        if str(entry.event) not in done:
            found = drop(entry, policy, directory / f"drops-{name}-less")
            done[found.call] = found
            with file.open("ab") as results:
                results.write(msgspec.json.encode(found) + b"\n")
            print(f"{name}: {_told(found)}", file=sys.stderr)
    return [done[str(entry.event)] for entry in chosen(name, policy)]


def _told(drop: Drop) -> str:
    named = ", ".join(drop.named) or "nothing"
    return f"{drop.call}: named {named}; {drop.differences} other differences; {drop.verdict}"


def main(arguments: list[str]) -> None:
    """Drop, print a line for each image, and what went wrong."""
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, results = Path(arguments[0]), Path(arguments[1])
    dropped = {name: tuple(drops(name, directory)) for name in arguments[2:] or _NAMES}
    found = keep(results, tuple[Drop, ...], dropped, _NAMES)
    print(table(_HEADS, [_cells(name, each) for name, each in found.items()]))
    failed = [f"{name}: {_told(e)}" for name, each in found.items() for e in each if e.failed]
    print(f"\nFailures: {'; '.join(failed) or 'none'}.")
    sys.exit(10 if failed else 0)


_HEADS = [
    "image",
    "dropped",
    "made in a run",
    "named",
    "checks or ending differ",
    "more denied in consequence",
]
_HEADS += ["healed exactly, and verified"]


def _cells(name: str, found: tuple[Drop, ...]) -> list[str]:
    named = [each for each in found if each.call in each.named]
    counts = (
        len(found),
        sum(each.used for each in found),
        len(named),
        sum(each.differences > 0 for each in named),
        sum(bool(each.consequences) for each in found),
        sum(each.restored and each.verdict == "verified" for each in named),
    )
    return [name, *map(str, counts)]


if __name__ == "__main__":
    main(sys.argv[1:])
