"""What ablation proves of an image's policy, and whether it removes what was planted.

usage: ablation.py DIR RESULTS.json [NAME...]   (exit code 10 if a target was missed; by default
nginx, redis and postgres)

Each image gets a first program that makes ten calls that nothing needs, one with a capability that
nothing needs, and then starts the image's own. It is profiled in the default environment, ablated,
its minimal policy verified. Target: at least 90 % of the capabilities and start-up calls that stay
have a proof, the minimal policy passes all checks, and what was planted is gone. What is in
DIR/ablation already is not made again, an interrupted ablation goes on; RESULTS.json keeps the
figures of images that are not named.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from beacon.data.runtimes import all_tables
from beacon.model.ablation import AblatedEntry, Necessity
from beacon.model.event import Capability, Phase
from beacon.model.files import load_ablation, load_policy, load_profile
from beacon.model.intent import Intent
from beacon.model.verification import Verification
from beacon.synthesis.synthesize import synthesize
from catalogue import BEACON, chosen, settings
from markdown import share, table
from results import keep

_IMAGES = ["nginx", "redis", "postgres"]
_WANTED = 0.9
#: By number, since perl knows no names: what no image of these makes itself, but for chance. (bash
#: needs getpgrp, and postgres starts by bash.)
_PLANTED = {
    "getitimer": 36,
    "getsid": 124,
    "getpriority": 140,
    "sched_getscheduler": 145,
    "sched_getparam": 143,
    "sched_get_priority_max": 146,
    "sched_get_priority_min": 147,
    "sched_rr_get_interval": 148,
    "times": 100,
    "chroot": 161,
}
_CAPABILITY = "CAP_SYS_CHROOT"
_PROGRAM = """
my ($zero, $room, $root) = (0, "\\0" x 64, "/");
syscall($_, $zero, $room, $room) for map {{ $_ + 0 }} {numbers};
syscall({chroot}, $root);
exec @ARGV or die "exec: $!";
"""


class Result(msgspec.Struct, frozen=True):
    """Of one image: entries, and those that stay and should have a proof. `seconds` it took."""

    image: str
    needed: int
    unneeded: int
    untested: int
    runs: int
    seconds: float
    kept: int
    proven: int
    unproven: tuple[str, ...]
    planted: int
    removed: int
    calls: int
    minimal_calls: int
    verified: bool
    checks: str

    @property
    def met(self) -> bool:
        """Whether it meets the targets."""
        enough = self.proven >= _WANTED * self.kept
        return enough and self.verified and self.removed == self.planted


def _build(name: str) -> str:
    """An image that starts with what is planted."""
    image, own = f"beacon-evaluation/planted-{name}", f"beacon/{name}"
    asked = ["docker", "image", "inspect", "--format", "{{json .Config}}", own]
    config = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    numbers = ", ".join(str(n) for call, n in _PLANTED.items() if call != "chroot")
    with tempfile.TemporaryDirectory() as folder:
        text = _PROGRAM.format(numbers=numbers, chroot=_PLANTED["chroot"])
        (Path(folder) / "planted.pl").write_text(text)
        words = ["perl", "/planted.pl", *(config["Entrypoint"] or ())]
        lines = [f"FROM {own}", "COPY planted.pl /", f"ENTRYPOINT {json.dumps(words)}"]
        if config["Cmd"]:  # a new entry point takes the image's command away
            lines.append(f"CMD {json.dumps(config['Cmd'])}")
        (Path(folder) / "Dockerfile").write_text("\n".join(lines))
        command = ["docker", "build", "--quiet", "--tag", image, folder]
        subprocess.run(command, stdout=sys.stderr, check=True)
    return image


def _beacon(*words: str | Path) -> int:
    print(f"beacon {' '.join(map(str, words))}", file=sys.stderr)
    return subprocess.run([BEACON, *map(str, words)], stdout=subprocess.DEVNULL).returncode


def _result(name: str, directory: Path) -> Result:
    profile, minimal = directory / "profile", directory / "minimal"
    if not (profile / "profile.json").exists():
        given = ("--settings", settings(name), "--strategy", "baseline", "--as-configured")
        _done(_beacon("profile", *given, "-o", profile, _build(name)), "profile", name)
    began = time.monotonic()
    if not (profile / "ablation.json").exists():
        _done(_beacon("ablate", "--resume", profile), "ablate", name)
    seconds = time.monotonic() - began
    _done(_beacon("policy", profile, "--minimal", "-o", minimal), "policy", name)
    code = _beacon("verify", minimal)
    raw = (minimal / "verification.json").read_bytes()
    return _judged(name, directory, msgspec.json.decode(raw, type=Verification), code, seconds)


def _done(code: int, command: str, name: str) -> None:
    if code:
        sys.exit(f"beacon {command} of {name} ended with {code}.")


def _judged(
    name: str, directory: Path, verification: Verification, code: int, seconds: float
) -> Result:
    profile = load_profile(directory / "profile")
    ablation = load_ablation(directory / "profile", profile)
    if ablation is None:
        sys.exit(f"The ablation of {name} has left nothing.")
    whole = synthesize(profile, Intent(), runtimes=all_tables())
    minimal = load_policy(directory / "minimal")
    start = {Phase.RUNTIME, Phase.START}
    kept = (each for each in minimal.entries if each.allowed)
    wanted = {
        each.event
        for each in kept
        if isinstance(each.event, Capability) or start & {*each.evidence.phases}
    }
    stay = [each for each in ablation.entries if each.event in wanted]
    unproven = [each for each in stay if each.necessity is not Necessity.NEEDED]
    checks = [check for run in verification.runs for check in run.outcome.checks]
    return Result(
        name,
        len(ablation.of(Necessity.NEEDED)),
        len(ablation.of(Necessity.UNNEEDED)),
        len(ablation.of(Necessity.UNTESTED)),
        ablation.runs,
        seconds,
        len(stay),
        len(stay) - len(unproven),
        tuple(str(each.event) for each in unproven),
        len(_PLANTED) + 1,
        sum(map(_is_planted, ablation.of(Necessity.UNNEEDED))),
        len(whole.names()),
        len(minimal.names()),
        code == 0,
        f"{sum(check.passed for check in checks)} of {len(checks)}",
    )


def _is_planted(entry: AblatedEntry) -> bool:
    return entry.event.name in {*_PLANTED, _CAPABILITY}


def _row(result: Result) -> list[str]:
    return [
        result.image,
        *map(str, (result.needed, result.unneeded, result.untested, result.runs)),
        f"{result.proven} of {result.kept} ({share(result.proven / result.kept)})",
        f"{result.removed} of {result.planted}",
        f"{result.calls} → {result.minimal_calls}",
        result.checks,
        "yes" if result.verified else "no",
    ]


_HEADS = [
    *("image", "needed", "unneeded", "untested", "runs", "kept with a proof", "planted, removed"),
    *("calls", "checks", "verified"),
]


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, file = Path(arguments[0]) / "ablation", Path(arguments[1])
    measured = {name: _result(name, directory / name) for name in chosen(arguments[2:] or _IMAGES)}
    results = [*keep(file, Result, measured, _IMAGES).values()]
    print(table(_HEADS, [_row(each) for each in results]))
    without = {name for each in results for name in each.unproven}
    print(f"\nKept without a proof: {', '.join(sorted(without)) or 'none'}.")
    sys.exit(0 if all(each.met for each in results) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
