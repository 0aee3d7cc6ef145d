"""Sums a verification up in a certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from beacon.model.architecture import Architecture
from beacon.model.certificate import Certificate, PassedChecks
from beacon.model.listener import Listener
from beacon.model.origin import Host, ImageIdentity
from beacon.model.recall import Recall
from beacon.model.verification import DENIALS, Difference, Starts, Verification, VerifiedRun
from beacon.workloads.combination import Part, by_part, companions, parse
from beacon.workloads.discovery import drivers


def now() -> str:
    """The time in UTC, by RFC 3339."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def certify(
    verification: Verification,
    policy: str,
    host: Host,
    profiled: ImageIdentity,
    recall: Recall | None = None,
    architectures: Iterable[Architecture] = (),
) -> Certificate:
    """The certificate of a verification that ran; `policy` is the digest of what was enforced.

    `profiled` is the image that the policy was derived from, `recall` that of its profile;
    `architectures` are those that the policy is for.
    """
    image, starts = verification.image, verification.starts or Starts(count=0)
    runs = verification.runs
    shown = [*starts.differences, *(each for run in runs for each in _differences(run))]
    return Certificate(
        image=image,
        profiled=image.id == profiled.id,
        policy=policy,
        host=host,
        date=now(),
        beacon=verification.beacon,
        starts=starts.count - starts.failed,
        started=starts.count,
        checks=tuple(
            checks
            for run in runs
            if run.outcome.checks and not run.environment.settings
            for checks in _by_workload(run)
        ),
        runs=len(runs),
        environments=len({run.environment for run in runs}),
        watched=verification.coverage.watched,
        not_exercised=verification.coverage.not_exercised,
        denied_as_asked=_sorted(each.event for run in runs for each in run.intended),
        denied=_sorted(each.name for each in shown if each.kind in DENIALS),
        recall=recall,
        recorded_on=profiled.architecture,
        elsewhere=tuple(each for each in architectures if each != image.architecture),
    )


def _differences(run: VerifiedRun) -> Iterator[Difference]:
    """All of them, whoever is at fault."""
    yield from run.differences
    yield from (each.difference for each in (*run.control_differences, *run.unsteady))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _by_workload(run: VerifiedRun) -> Iterator[PassedChecks]:
    """What each part of its workload passed, at its sockets."""
    parts = parse(run.workload, drivers()) or (Part(run.workload),)
    named = {part: _sockets(part, run.drove) for part in parts if part.port is not None}
    rest = tuple(each for each in run.drove if not any(each in found for found in named.values()))
    for part, checks in zip(parts, by_part(parts, run.outcome.checks), strict=True):
        passed = sum(check.passed for check in checks)
        yield PassedChecks(str(part), named.get(part, rest), passed, len(checks))


def _sockets(part: Part, drove: Sequence[Listener]) -> tuple[Listener, ...]:
    ports = {part.port, *companions(drivers(), part)}
    return tuple(each for each in drove if each.port in ports)
