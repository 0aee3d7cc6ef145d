from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from beacon.campaign.certifying import certify
from beacon.cli.certified import certified
from beacon.model.architecture import Architecture
from beacon.model.coverage import Coverage
from beacon.model.environment import Environment
from beacon.model.event import Phase
from beacon.model.listener import Listener
from beacon.model.run import Check, Ending, Outcome
from beacon.model.verification import (
    Difference,
    DifferenceKind,
    IntendedDenial,
    Shown,
    Starts,
    Verification,
    VerifiedRun,
)
from builders import profile

HTTP, TLS, CACHE = Listener(80), Listener(443), Listener(11212)
READ = Difference(DifferenceKind.SYSCALL, "read", "3 times")
PAGE = Difference(DifferenceKind.CHECK, "page", "oops")
KILL = IntendedDenial(event="kill", phase=Phase.SHUTDOWN, count=1, processes=("supervisord",))


def served(workload: str, *names: str, drove: tuple[Listener, ...] = ()) -> VerifiedRun:
    checks = tuple(Check(name, passed="bad" not in name) for name in names)
    return VerifiedRun(
        environment=Environment(),
        workload=workload,
        outcome=Outcome(ending=Ending.SERVED, checks=checks),
        differences=(),
        drove=drove,
    )


def verification(*runs: VerifiedRun) -> Verification:
    return Verification(
        image=profile().image, runs=runs, beacon="0.0.0", coverage=Coverage((), (TLS,), 41)
    )


def test_checks_are_counted_by_socket() -> None:
    run = served(
        "http+memcached:11212", "page", "bad page", "11212/tcp: set", drove=(HTTP, TLS, CACHE)
    )
    found = certify(verification(run), "0", profile().host, profile().image)
    assert [(x.workload, x.sockets, x.passed, x.count) for x in found.checks] == [
        ("http", (HTTP, TLS), 1, 2),
        ("memcached:11212", (CACHE,), 1, 1),
    ]


def test_what_was_done() -> None:
    varied = msgspec.structs.replace(
        served("http", "page"), environment=Environment.of((("init", "yes"),))
    )
    runs = (served("none"), served("http", "page", drove=(HTTP,)), varied)
    done = msgspec.structs.replace(verification(*runs), starts=Starts(count=20, failed=1))
    found = certify(done, "0" * 64, profile().host, profile().image)
    assert (found.runs, found.environments) == (3, 2)
    assert (found.starts, found.started, found.watched) == (19, 20, 41)
    assert [each.workload for each in found.checks] == ["http"]
    assert found.not_exercised == (TLS,)
    assert (found.policy, found.profiled) == ("0" * 64, True)
    assert datetime.fromisoformat(found.date).utcoffset() is not None


def test_denials_of_both_kinds() -> None:
    run = msgspec.structs.replace(served("http"), differences=(READ, PAGE), intended=(KILL,))
    starts = Starts(
        count=20, failed=0, reasons=(), differences=(msgspec.structs.replace(READ, name="write"),)
    )
    done = msgspec.structs.replace(verification(run), starts=starts)
    found = certify(done, "0", profile().host, profile().image)
    assert found.denied == ("read", "write")
    assert found.denied_as_asked == ("kill",)


def test_what_was_denied_without_the_policy_too_was_denied() -> None:
    chance = msgspec.structs.replace(READ, name="write")
    run = msgspec.structs.replace(
        served("http"), control_differences=(Shown(READ, 1, 1),), unsteady=(Shown(chance, 1, 1),)
    )
    found = certify(verification(run), "0", profile().host, profile().image)
    assert found.denied == ("read", "write")


def test_another_image() -> None:
    other = msgspec.structs.replace(profile().image, id="sha256:other")
    found = certify(verification(served("none")), "0", profile().host, other)
    assert not found.profiled


def test_a_certificate_says_where_nothing_was_recorded_or_verified() -> None:
    recorded = profile().image
    here = certify(
        verification(served("none")), "0", profile().host, recorded, architectures=[*Architecture]
    )
    assert (here.recorded_on, here.elsewhere) == ("amd64", (Architecture.ARM64,))
    assert "not on      arm64, which the policy is for as well" in certified(here)
    there = certify(
        replace(verification(served("none")), image=replace(recorded, architecture="arm64")),
        "0",
        profile().host,
        recorded,
        architectures=[*Architecture],
    )
    assert there.elsewhere == (Architecture.AMD64,)
    assert any(
        "arm64 (recorded on amd64: what it allows here is" in line for line in certified(there)
    )
