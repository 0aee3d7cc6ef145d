"""Ways to make a profile, compared: the same images, workload, and kernel, in one go.

usage: peers.py DIR RESULTS.json [--runs N] [--starts N] [NAME...]   (nginx, redis, postgres,
memcached; profiles of BeaCon are taken from DIR/NAME, or recorded there, with at most --runs runs)

What counts as used is what BeaCon's monitor sees in three further runs under the workload: it alone
sees what the filter judges and nothing else. Exit code 10: under a policy of BeaCon a start or a
check fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.enforced import enforcement
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.campaign.settings import read_settings
from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.data.runtimes import all_tables, find_floor
from beacon.engines.interface import Enforcement
from beacon.model.environment import Environment
from beacon.model.event import Capability, Event, Phase, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.observation import Observation
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.model.run import Ending, Run
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.discovery import find
from beacon.workloads.interface import Workload
from beacon.workloads.none import NoWorkload
from catalogue import chosen, names, opened, profile, settings
from default_profile import calls_of_default
from markdown import share, table
from peer_recorders import PeerError, Seen, by_bpftrace, by_strace
from policies import DOCKER, counted, stopped, stopped_by_docker
from results import keep
from static import analysed

_IMAGES = ("nginx", "redis", "postgres", "memcached")
_USES, _STARTS, _AT_A_TIME = 3, 20, 2
_PATIENCE = 20.0  # seconds that a container under a policy has to become ready
_ERRNO = 1  # EPERM, as Docker's default

#: Not compared here, and why.
NOT_RUN = (
    "Confine, Chestnut, sysfilter and SPEAKER are not among the packages of Debian 12; the rows "
    "of static analysis have the approach of the first three, by `beacon reach`, and that of the "
    "serve phase has the approach of SPEAKER. Inspektor Gadget and the Security Profiles Operator "
    "come as images of a registry; the row of bpftrace counts what they count. Debian's "
    "oci-seccomp-bpf-hook compiles its program with the kernel's headers at each start; where they "
    "are missing, as on the host of this table, it ends with a segmentation fault."
)


class Row(msgspec.Struct, frozen=True):
    """One way for one image; without `reason`, why it has no profile, all else is set.

    `starts` of `of_starts` come as far as without a policy, `checks` of `of_checks` pass that pass
    without one; None for what no runtime can enforce. `seconds` are those of the runs.
    """

    image: str
    way: str
    reason: str | None = None
    calls: int = 0
    starts: int | None = None
    of_starts: int = 0
    checks: int | None = None
    of_checks: int = 0
    cves: int = 0
    precision: float = 0.0
    recall: float = 0.0
    seconds: float = 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


class _Way(msgspec.Struct, frozen=True):
    """What a way lets through; `enforced` is None where no runtime can enforce it."""

    name: str
    allowed: frozenset[Event]
    enforced: Enforcement | None
    seconds: float
    cves: int | None = None  # None: of what is allowed


class _Bench:
    """One image: how it is run without a policy, and what it uses and answers then."""

    def __init__(self, context: RunContext, name: str, starts: int) -> None:
        own = read_settings(settings(name))
        self.name, self._context, self._starts = name, context, starts
        image = context.engine.image(f"beacon/{name}")
        launch = msgspec.structs.replace(own.launch, ready_timeout=_PATIENCE)
        self.conditions = Conditions(image=image, launch=launch)
        self.workload = find(own.workload or name)
        runs = [self._run(self.conditions, self.workload) for _ in range(_USES)]
        if any(run.outcome.ending is not Ending.SERVED for run in runs):
            sys.exit(f"beacon/{name} does not serve without a policy.")
        self.used = frozenset(call.name for run in runs for call in run.observation.used())
        passed = [{check.name for check in run.outcome.checks if check.passed} for run in runs]
        self._expected = frozenset.intersection(*map(frozenset, passed))

    def row(self, way: _Way) -> Row:
        """The way, tried."""
        allowed = {event.name for event in way.allowed if isinstance(event, Syscall)}
        right = len(allowed & self.used)
        starts, checks = self._tried(way.enforced) if way.enforced else (None, None)
        say(f"{self.name}, {way.name}: {len(allowed)} calls, {starts} starts, {checks} checks")
        cves = len(stopped(way.allowed, counted())) if way.cves is None else way.cves
        return Row(
            self.name,
            way.name,
            calls=len(allowed),
            starts=starts,
            of_starts=self._starts,
            checks=checks,
            of_checks=len(self._expected),
            cves=cves,
            precision=right / len(allowed),
            recall=right / len(self.used),
            seconds=round(way.seconds, 1),
        )

    def _tried(self, enforced: Enforcement) -> tuple[int, int]:
        """How many starts succeed, and how many checks pass."""
        conditions = replace(self.conditions, enforcement=enforced)
        nobody = NoWorkload()
        runs = self._context.in_parallel(
            lambda _: self._run(conditions, nobody), range(self._starts), _AT_A_TIME
        )
        starts = sum(run.outcome.ending is Ending.SERVED for run in runs)
        if not starts:
            return 0, 0
        checks = self._run(conditions, self.workload).outcome.checks
        return starts, len(self._expected & {check.name for check in checks if check.passed})

    def _run(self, conditions: Conditions, workload: Workload) -> Run:
        return run_once(
            self._context, conditions, RunSpec(environment=Environment(), workload=workload)
        )


def _ways(bench: _Bench, context: RunContext, recorded: Profile) -> Iterator[_Way | Row]:
    """Each way's profile, or a row that says why there is none."""
    own = sum(run.duration for run in recorded.runs)
    bare = msgspec.structs.replace(PRESETS["availability"], reserve=Reserve.NONE)
    for title, intent in (("BeaCon", PRESETS["availability"]), ("BeaCon, no reserve", bare)):
        yield _of_beacon(title, recorded, intent, own)
    yield _Way("BeaCon, serve phase only", _served(recorded), None, own)
    floor = _floor(recorded)
    peers: Mapping[str, Callable[[RunContext, Conditions, Workload], Seen]] = {
        "strace": by_strace,
        "bpftrace": by_bpftrace,
    }
    for title, record in peers.items():
        try:
            seen = record(context, bench.conditions, bench.workload)
        except PeerError as error:
            yield Row(bench.name, title, reason=str(error))
            continue
        yield from _by_name(title, seen.calls, floor, seen.seconds)
    began = time.monotonic()
    reach = analysed(f"beacon/{bench.name}")
    seconds = time.monotonic() - began
    for scope in (Scope.BESIDE, Scope.IMAGE):
        names = frozenset(reach.within(scope))
        yield from _by_name(f"static, {scope.value}", names, floor, seconds)
    default = frozenset(map(Syscall, calls_of_default()))
    cves = len(stopped_by_docker(counted(), DOCKER))
    yield _Way(f"Docker {DOCKER}'s default", default, Enforcement(), 0.0, cves)


def _of_beacon(title: str, recorded: Profile, intent: Intent, seconds: float) -> _Way:
    policy = synthesize(recorded, intent, allow_incomplete=True, runtimes=all_tables())
    return _Way(title, policy.events(), enforcement(policy), seconds)


def _served(recorded: Profile) -> frozenset[Event]:
    """What was used while it served: what a policy could allow that begins once it is ready."""
    found = (_of_phase(run.observation, Phase.SERVE) for run in recorded.ready_runs())
    return frozenset[Event]().union(*(each.events() for each in found))


def _of_phase(seen: Observation, phase: Phase) -> Observation:
    return msgspec.structs.replace(
        seen,
        syscalls=tuple(each for each in seen.syscalls if each.phase is phase),
        capabilities=tuple(each for each in seen.capabilities if each.phase is phase),
    )


def _granted() -> frozenset[Event]:
    """The capabilities of a container whose profile has system calls only."""
    return frozenset(Capability(f"CAP_{each}") for each in DOCKER_DEFAULT)


def _floor(recorded: Profile) -> frozenset[str]:
    """What the container runtime of this host calls itself, as BeaCon's table has it."""
    found = find_floor(all_tables(), recorded.host.runtime)
    return frozenset() if found is None else frozenset(call.name for call in found.calls)


def _by_name(
    title: str, names: frozenset[str], floor: frozenset[str], seconds: float
) -> Iterator[_Way]:
    """As it is, and with the runtime's calls, without which few containers start."""
    yield _profile_of(title, names, seconds)
    if not floor <= names:
        yield _profile_of(f"{title}, with the runtime's", names | floor, seconds)


def _profile_of(title: str, names: frozenset[str], seconds: float) -> _Way:
    document = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": _ERRNO,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}],
    }
    allowed = frozenset[Event](map(Syscall, names)) | _granted()
    return _Way(title, allowed, Enforcement(json.dumps(document)), seconds)


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr)


def compared(name: str, directory: Path, runs: int | None, starts: int) -> list[Row]:
    """All ways for one image."""
    limit = () if runs is None else ("--max-runs", str(runs))
    recorded = profile(name, directory / name, *limit)
    with opened() as context:
        bench = _Bench(context, name, starts)
        found = _ways(bench, context, recorded)
        return [each if isinstance(each, Row) else bench.row(each) for each in found]


def _cells(row: Row) -> list[str]:
    if row.reason is not None:
        return [row.image, row.way, *[""] * 8]
    starts = "-" if row.starts is None else f"{row.starts} of {row.of_starts}"
    checks = "-" if row.checks is None else f"{row.checks} of {row.of_checks}"
    quality = (row.precision, row.recall, row.f1)
    numbers = (f"{each:.2f}" for each in quality)
    return [
        row.image,
        row.way,
        str(row.calls),
        starts,
        checks,
        str(row.cves),
        *numbers,
        f"{row.seconds:.0f}",
    ]


def _means(rows: Sequence[Row]) -> Iterator[list[str]]:
    for way in dict.fromkeys(row.way for row in rows):
        found = [row for row in rows if row.way == way and row.reason is None]
        if not found:
            continue
        tried = [row for row in found if row.starts is not None]
        starts = sum(row.starts or 0 for row in tried), sum(row.of_starts for row in tried)
        checks = sum(row.checks or 0 for row in tried), sum(row.of_checks for row in tried)
        yield [
            way,
            f"{mean(row.calls for row in found):.1f}",
            share(starts[0] / starts[1]) if tried else "-",
            share(checks[0] / checks[1]) if tried and checks[1] else "-",
            f"{mean(row.cves for row in found):.1f} of {len(counted())}",
            *(f"{mean(getattr(row, name) for row in found):.2f}" for name in _QUALITY),
            f"{mean(row.seconds for row in found):.0f}",
        ]


_QUALITY = ("precision", "recall", "f1")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--starts", type=int, default=_STARTS)
    parser.add_argument("names", nargs="*", default=[*_IMAGES])
    options = parser.parse_intermixed_args(arguments)
    measured = {
        name: tuple(compared(name, options.directory, options.runs, options.starts))
        for name in chosen(options.names)
    }
    kept = keep(options.results, tuple[Row, ...], measured, names())
    rows = [row for of_image in kept.values() for row in of_image]
    heads = ["calls", "starts", "checks", "CVEs stopped", *_QUALITY, "seconds"]
    print(table(["way", *heads], list(_means(rows))), end="\n\n")
    print(table(["image", "way", *heads], [_cells(row) for row in rows]))
    for row in rows:
        if row.reason is not None:
            print(f"\n{row.way} made no profile of {row.image}: {row.reason}.")
    print(f"\nNot run: {NOT_RUN}")
    sys.exit(0 if all(map(_holds, rows)) else 10)


def _holds(row: Row) -> bool:
    """Whether a policy of BeaCon lets all pass."""
    tried = row.way.startswith("BeaCon") and row.starts is not None
    return not tried or (row.starts == row.of_starts and row.checks == row.of_checks)


if __name__ == "__main__":
    main(sys.argv[1:])
