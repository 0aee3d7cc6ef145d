"""The reserve: what the policy of runs that nobody drove lets a workload do, and what it opens.

usage: reserve.py DIR PLOT [NAME...]   (profiles are taken from DIR/reserve/NAME, or recorded there)

Each image's policy comes from the runs without a workload alone; then its workload runs under it.
Prints the checks that pass (of those that pass without a policy), the calls and the known CVEs
that are stopped, for each kind of reserve and for whatever the programs can call; draws risk
against breakage to PLOT. Exit code 10: with the harmless reserve fewer than 98 % of the checks pass
on average, a call was denied that `beacon explain --unseen` does not list, a CVE is open that the
policy without reserve stops, or of the CVEs after a date, of which the policies know nothing, the
reserve opens more than 1 %.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.enforced import read_enforced
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.data.fallbacks import not_implemented
from beacon.data.kernel import is_syscall
from beacon.engines.interface import Enforcement
from beacon.export.all import render_all
from beacon.model.entry import Entry, ordered
from beacon.model.environment import Environment
from beacon.model.event import Capability, Phase, Syscall
from beacon.model.files import write_files
from beacon.model.intent import PRESETS, Reserve
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.model.support import repeated, some, together
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.discovery import find
from catalogue import chosen, opened, profile
from frontier import Point, draw
from markdown import share, table
from policies import DOCKER, calls, counted, stopped, stopped_by_docker
from scopes import HEADS, rows, undriven
from splits import Split, splits

_WANTED = 0.98
_MOST_OPENED = 0.01
_HARMLESS = "harmless"
_JOBS = 3
_STATIC = {Scope.BESIDE: "static, beside", Scope.IMAGE: "static, image"}


class Result(msgspec.Struct, frozen=True):
    """One policy under the workload: checks, calls, CVEs; `unlisted` calls were denied."""

    passed: int
    of: int
    calls: int
    stopped: int
    failing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        return self.passed / self.of if self.of else 1.0


def record(name: str, directory: Path) -> Profile:
    """Its first runs, without and with the workload."""
    return profile(name, directory / "reserve" / name, "--strategy", "baseline")


def results(context: RunContext, name: str, recorded: Profile) -> dict[str, Result]:
    """By kind of policy."""
    say(name)
    policies = _policies(recorded)
    found = context.in_parallel(partial(_result, context, recorded), list(policies.values()), _JOBS)
    return dict(zip(policies, found, strict=True))


def _policies(recorded: Profile) -> dict[str, Policy]:
    bare, found = undriven(recorded), {}
    for reserve in Reserve:
        intent = msgspec.structs.replace(PRESETS["availability"], reserve=reserve)
        found[reserve.value] = synthesize(bare, intent, allow_incomplete=True)
    for scope, kind in _STATIC.items():
        found[kind] = _static(found["none"], recorded, scope)
    return found


def _static(seen: Policy, recorded: Profile, scope: Scope) -> Policy:
    """What the programs can call, whatever the arguments, and what the runtime calls itself."""
    if recorded.reach is None:
        sys.exit(f"The profile of {recorded.image.reference} has no analysis: remove it.")
    calls = (each for each in seen.entries if isinstance(each.event, Syscall))
    start = (each for each in calls if Phase.RUNTIME in each.evidence.phases)
    names = {each.event.name for each in start} | set(recorded.reach.within(scope))
    allowed = [Entry(event=Syscall(each), allowed=True) for each in names]
    rights = (each for each in seen.entries if isinstance(each.event, Capability))
    kept = [each for each in rights if each.allowed]
    return msgspec.structs.replace(
        seen,
        entries=ordered([*allowed, *kept]),
        not_implemented=not_implemented(names, seen.abis),
    )


def _result(context: RunContext, recorded: Profile, policy: Policy) -> Result:
    """What comes of the recorded workload under the policy, as its exported files enforce it."""
    (driven,) = (each for each in repeated(recorded.runs) if each[0].kind.driven)
    conditions = Conditions(
        image=context.engine.image(recorded.image.reference),
        launch=recorded.launch,
        enforcement=_enforcement(policy),
        surroundings=recorded.surroundings,
    )
    spec = RunSpec(environment=Environment(), workload=find(driven[0].workload))
    run = run_once(context, conditions, spec)
    right = {check.name for check in together(driven) if check.passed}
    passing = {check.name for check in run.outcome.checks if check.passed}
    unseen = {each.event.name for each in policy.entries if each.unseen}
    before = {call for each in recorded.runs for call in each.observation.denied()}
    denied = {call.name for call in run.observation.denied() - before if is_syscall(call.name)}
    return Result(
        len(right & passing),
        len(right),
        calls(policy.events()),
        len(stopped(policy.events(), counted())),
        tuple(sorted(right - passing)),
        tuple(sorted(denied - unseen)),
    )


def _enforcement(policy: Policy) -> Enforcement:
    with TemporaryDirectory() as place:
        write_files(Path(place), render_all(policy))
        return read_enforced(Path(place)).enforcement


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    directory, plot = map(Path, arguments[:2])
    profiles = {name: record(name, directory) for name in chosen(arguments[2:])}
    with opened() as context:
        found = {name: results(context, name, each) for name, each in profiles.items()}
    kinds = list(next(iter(found.values())))
    lines = [[name, *map(_checks, each.values())] for name, each in found.items()]
    shares = (share(mean(each[kind].share for each in found.values())) for kind in kinds)
    print(table(["checks that pass", *kinds], [*lines, ["**average**", *shares]]))
    for title, what in (("calls", "calls"), (f"CVEs stopped, of {len(counted())}", "stopped")):
        lines = [[n, *(str(getattr(r[k], what)) for k in kinds)] for n, r in found.items()]
        means = (f"{mean(getattr(r[k], what) for r in found.values()):.1f}" for k in kinds)
        print()
        print(table([title, *kinds], [*lines, ["**average**", *means]]))
    for name, each in found.items():
        _tell(name, each[_HARMLESS])
    print()
    print(table(HEADS, list(rows(list(profiles.values())))))
    later = list(splits(list(profiles.values())))
    print()
    print(
        table(
            ["known before", "later CVEs", "stopped", "with the reserve"],
            [_split(each) for each in later],
        )
    )
    docker = len(stopped_by_docker(counted(), DOCKER))
    draw(plot, [*_points(found), Point(f"Docker {DOCKER}'s default", len(counted()) - docker, 0.0)])
    cheap = all(each.without - each.with_reserve <= _MOST_OPENED for each in later)
    sys.exit(0 if _reached(found) and cheap else 10)


def say(name: str) -> None:
    print(name, file=sys.stderr)


def _split(each: Split) -> list[str]:
    return [str(each.year), str(each.later), share(each.without), share(each.with_reserve)]


def _checks(each: Result) -> str:
    return f"{each.passed} of {each.of}"


def _tell(name: str, each: Result) -> None:
    if each.failing:
        print(f"\n{name}, harmless: fails {len(each.failing)} checks: {some(list(each.failing))}")
    if each.unlisted:
        print(f"\n{name}, harmless: denied and not listed as unseen: {', '.join(each.unlisted)}")


def _points(found: dict[str, dict[str, Result]]) -> Iterable[Point]:
    for kind in next(iter(found.values())):
        results = [each[kind] for each in found.values()]
        left = len(counted()) - mean(each.stopped for each in results)
        yield Point(kind, left, 1 - mean(each.share for each in results))


def _reached(found: dict[str, dict[str, Result]]) -> bool:
    harmless = [each[_HARMLESS] for each in found.values()]
    passed = mean(each.share for each in harmless) >= _WANTED
    opened = any(each[_HARMLESS].stopped < each["none"].stopped for each in found.values())
    return passed and not opened and not any(each.unlisted for each in harmless)


if __name__ == "__main__":
    main(sys.argv[1:])
