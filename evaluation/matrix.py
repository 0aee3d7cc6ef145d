"""Whether a policy that was recorded under one engine and runtime holds under the others.

usage: matrix.py DIR RESULTS.json [NAME...]   (nginx, redis and postgres)

Each image is recorded in its default environment under each engine and runtime. Two policies are
derived from each profile, neither with a reserve: one of what was seen, and one for all of them,
with the floors of both runtimes (`beacon policy --runtime`) and with the capability for ports below
1024, which Docker opens to all and Podman does not (`--add-capability-for-ports`). Each is verified
under every other engine and runtime: its runs are repeated, the container is started three more
times. Needs `script/bootstrap engines`. What is in DIR already is not done again; RESULTS.json
keeps what was measured of images that are not named. Exit code 10: a policy for all does not hold.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import msgspec

from catalogue import BEACON, profile
from markdown import table
from results import keep

_NAMES = ("nginx", "redis", "postgres")
_RUNTIMES = ("runc", "crun")
_POLICIES = {
    "as seen": (),
    "for all": (
        *(word for each in _RUNTIMES for word in ("--runtime", each)),
        "--add-capability-for-ports",
    ),
}
_PODMAN = ("podman", "--cgroup-manager=cgroupfs")
_VERIFY = ("--quick", "--starts", "3", "--jobs", "2", "--trust", "--json")


class Place(msgspec.Struct, frozen=True):
    """An engine with a runtime."""

    engine: str
    runtime: str

    @property
    def name(self) -> str:
        """As in `podman-crun`."""
        return f"{self.engine}-{self.runtime}"

    @property
    def options(self) -> tuple[str, ...]:
        """Those of BeaCon's commands that choose it."""
        return ("--engine", self.engine, "--runtime", self.runtime)


_PLACES = (
    Place("docker", "runc"),
    Place("podman", "runc"),
    Place("podman", "crun"),
    Place("cri", "runc"),
    Place("cri", "crun"),
)


class Held(msgspec.Struct, frozen=True):
    """A policy of an image, where it was recorded and where it was verified.

    `denied` are the calls and capabilities that were denied there, and not when it was recorded.
    """

    image: str
    policy: str
    recorded: str
    verified: str
    host: str
    verdict: str
    starts: int
    checks: int
    denied: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the container works under it."""
        return self.verdict == "verified"


def _provide(name: str) -> None:
    """Give Podman the image that Docker has; BeaCon's containerd takes it by itself."""
    with subprocess.Popen(["docker", "save", f"beacon/{name}"], stdout=subprocess.PIPE) as saved:
        subprocess.run(
            [*_PODMAN, "load"], stdin=saved.stdout, stdout=subprocess.DEVNULL, check=True
        )
    if saved.returncode:
        sys.exit(f"There is no image beacon/{name}: run script/images {name}.")


def _policy(name: str, place: Place, kind: str, directory: Path) -> Path:
    recorded = directory / f"engines-{name}-{place.name}"
    profile(name, recorded, "--strategy", "baseline", "--jobs", "2", *place.options)
    derived = directory / f"{recorded.name}-{kind.replace(' ', '-')}"
    if not (derived / "policy.json").exists():
        words = ("--reserve", "none", *_POLICIES[kind])
        command = [BEACON, "policy", str(recorded), "-o", str(derived), *words]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return derived


def _held(name: str, kind: str, places: tuple[Place, Place], directory: Path) -> Held:
    recorded, verified = places
    policy = _policy(name, recorded, kind, directory)
    kept = directory / f"{policy.name}-under-{verified.name}.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Held)
    command = [BEACON, "verify", str(policy), *_VERIFY, *verified.options]
    done = subprocess.run(command, stdout=subprocess.PIPE)
    if done.returncode not in (0, 10, 11):
        sys.exit(f"beacon verify of {policy} ended with {done.returncode}.")
    found = json.loads(done.stdout)
    certificate = found["certificate"]
    held = Held(
        name,
        kind,
        recorded.name,
        verified.name,
        f"{certificate['host']['engine']}, {certificate['host']['runtime']}",
        found["verdict"],
        certificate["starts"],
        sum(each["passed"] for each in certificate["checks"]),
        tuple(certificate["denied"]),
    )
    kept.write_bytes(msgspec.json.encode(held))
    return held


def _cell(held: Held) -> str:
    if held.holds:
        return f"holds, {held.checks} checks"
    return f"lacks {', '.join(held.denied)}" if held.denied else held.verdict


def _of_image(name: str, directory: Path) -> Iterator[Held]:
    _provide(name)
    for places in permutations(_PLACES, 2):
        for kind in _POLICIES:
            yield _held(name, kind, places, directory)


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, results = map(Path, arguments[:2])
    directory.mkdir(parents=True, exist_ok=True)
    measured = {name: tuple(_of_image(name, directory)) for name in arguments[2:] or _NAMES}
    kept = keep(results, tuple[Held, ...], measured, _NAMES)
    everything = [held for of_image in kept.values() for held in of_image]
    cells: dict[tuple[str, str, str], list[str]] = {}
    for held in everything:
        cells.setdefault((held.image, held.recorded, held.verified), []).append(_cell(held))
    heads = ["image", "recorded under", "verified under", *_POLICIES]
    print(table(heads, [[*place, *row] for place, row in cells.items()]))
    wide = [each for each in everything if each.policy != next(iter(_POLICIES))]
    sys.exit(0 if all(each.holds for each in wide) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
