from __future__ import annotations

import msgspec

from beacon import __version__
from beacon.cli.verified import verified
from beacon.cli.wording import ending
from beacon.model.coverage import Coverage
from beacon.model.environment import Environment
from beacon.model.listener import Listener
from beacon.model.profile import ImageIdentity
from beacon.model.run import Check, Ending, Outcome
from beacon.model.verification import Starts, Verification, VerifiedRun

IMAGE = ImageIdentity("server:1", "sha256:0", "amd64")
CHECKS = tuple(Check(str(number), passed=number > 0) for number in range(118))


def made(*workloads: str, coverage: Coverage) -> Verification:
    runs = (
        VerifiedRun(Environment(), name, Outcome(Ending.SERVED, CHECKS * (name != "none")), ())
        for name in workloads
    )
    return Verification(IMAGE, tuple(runs), __version__, coverage=coverage)


def test_it_says_what_was_served_and_what_was_not_looked_at() -> None:
    covered = Coverage((Listener(80),), (Listener(443),), 41, restarted=True)
    done = made("none", "http", coverage=covered)
    rest = "and serves 117 checks on 80/tcp; not exercised: 443/tcp; watched for 41 s."
    assert verified(done) == f"Verified: starts {rest}"
    assert (
        verified(msgspec.structs.replace(done, starts=Starts(20, 0)))
        == f"Verified: starts (20 of 20) {rest}"
    )


def test_what_nothing_drove_only_starts() -> None:
    done = made("none", coverage=Coverage((), (Listener(4321),), 5, restarted=True))
    assert verified(done) == "Verified: starts; not exercised: 4321/tcp; watched for 5 s."
    assert "served" not in ending("none", Ending.SERVED)
    assert ending("http", Ending.SERVED) == "served"
    assert ending("none", Ending.DIED) == "died"
