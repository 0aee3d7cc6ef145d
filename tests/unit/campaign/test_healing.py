"""A policy that lacks something, under a kernel that denies what its files deny."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from beacon.campaign.context import RunContext
from beacon.campaign.healing import heal
from beacon.campaign.logged import log
from beacon.campaign.request import VerifyRequest
from beacon.engines.interface import Enforcement
from beacon.export.all import render_all
from beacon.export.oci_profile import read_profile
from beacon.export.seccomp import SeccompExporter
from beacon.model.event import Phase, Syscall, parse_event
from beacon.model.files import load_policy, write_files
from beacon.model.healed import Healed
from beacon.model.intent import Intent
from beacon.model.observation import CapabilityCheck, Observation, SyscallCount
from beacon.model.policy import Policy
from beacon.model.run import Check
from beacon.model.verification import Verdict
from beacon.monitor.interface import NOTHING_CARRIED
from beacon.monitor.replay import ReplayMonitor, ReplayTarget
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.interface import Endpoint
from builders import call, check, profile, run
from fakes import IMAGE, Diary, FakeEngine, FakeWorkload

PAGE, OOPS = Check("page", passed=True), Check("page", passed=False, detail="oops")
CALLS = (call("execve", Phase.START), call("read"), call("sendfile", count=5), call("kill"))
RIGHTS = (check("CAP_CHOWN", Phase.START, during="chown"),)
WORLD = Observation(syscalls=CALLS, capabilities=RIGHTS)


class Denying(ReplayTarget):
    """Shows what the container does, as far as the last container's files let it."""

    def __init__(self, name: str, recorded: Observation, engine: FakeEngine) -> None:
        super().__init__(name, recorded)
        self._engine = engine

    def snapshot(self, carried: Mapping[str, int] = NOTHING_CARRIED) -> Observation:
        seen, enforced = super().snapshot(carried), self._engine.created[-1][0]
        if enforced.seccomp is None:
            return seen
        return Observation(
            syscalls=tuple(_filtered(each, enforced) for each in seen.syscalls),
            capabilities=tuple(_limited(each, enforced) for each in seen.capabilities),
        )


def _filtered(entry: SyscallCount, enforced: Enforcement) -> SyscallCount:
    if read_profile(enforced.seccomp or "").ruling(entry.call.name).rest.permits:
        return entry
    return replace(entry, count=0, denied=entry.count)


def _limited(found: CapabilityCheck, enforced: Enforcement) -> CapabilityCheck:
    return replace(found, granted=found.capability.name in (enforced.capabilities or ()))


class Kernel(ReplayMonitor):
    def __init__(self, engine: FakeEngine, recordings: Iterable[Observation]) -> None:
        super().__init__(recordings)
        self._engine = engine

    @contextmanager
    def watch(self, name: str) -> Iterator[ReplayTarget]:
        with super().watch(name) as target:
            yield Denying(name, target._recorded, self._engine)


class Now(threading.Event):
    """Nobody has to wait for it."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class Driven(FakeWorkload):
    """Fails where the engine enforces a filter without sendfile, or always."""

    name = "http"

    def __init__(self, engine: FakeEngine, broken: bool) -> None:
        super().__init__()
        self._engine, self._broken = engine, broken

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        seccomp = self._engine.created[-1][0].seccomp
        lacks = seccomp is not None and "sendfile" not in seccomp
        return (OOPS if self._broken or lacks else PAGE,)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "policy"


def host(patch: pytest.MonkeyPatch, *recordings: Observation, broken: bool = False) -> None:
    """What commands find: recordings, and then the world as it is."""
    engine = FakeEngine()
    kernel = Kernel(engine, (*recordings, *[WORLD] * 100))

    @contextmanager
    def opened(*_: object) -> Iterator[RunContext]:
        yield RunContext(engine=engine, monitor=kernel, stopping=Now())

    for find in ("find", "find_kept"):
        patch.setattr(f"beacon.campaign.verifying.{find}", lambda *_: Driven(engine, broken))
    patch.setattr("beacon.campaign.verifying.open_context", opened)


def written(place: Path, *lacking: str, intent: Intent | None = None) -> Policy:
    """Write the policy of the world without these events; the whole of it."""
    recorded = run(*CALLS, capabilities=RIGHTS, workload="http", checks=(PAGE,))
    identity = replace(profile().image, reference=IMAGE.reference, id=IMAGE.id)
    policy = synthesize(replace(profile(recorded), image=identity), intent)
    gone = {parse_event(each) for each in lacking}
    less = replace(
        policy,
        entries=tuple(each for each in policy.entries if each.event not in gone),
    )
    write_files(place, render_all(less))
    return policy


def asked(place: Path, starts: int = 0) -> VerifyRequest:
    return VerifyRequest(policy=place, starts=starts, jobs=1)


def healed(place: Path) -> Healed:
    return heal(asked(place), Diary())


def test_what_was_missing_is_added_and_proven(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch)
    policy = written(place, "sendfile", "kill", "CAP_CHOWN")
    found = healed(place)
    assert (found.before.verdict, found.verification.verdict) == (
        Verdict.POLICY,
        Verdict.VERIFIED,
    )
    assert found.rounds == 1
    assert {str(each.event) for each in found.added} == {"sendfile", "kill", "CAP_CHOWN"}
    now = load_policy(place)
    assert now.events() == policy.events()
    assert len(now.healed) == 1


def test_a_policy_that_holds_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch)
    written(place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    found = healed(place)
    assert (found.rounds, found.added, found.verification.verdict) == (0, (), Verdict.VERIFIED)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_a_pin_stays_and_what_it_breaks_is_the_verdict(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host(monkeypatch)
    written(place, "kill", intent=Intent(deny=(Syscall("sendfile"),)))
    found = healed(place)
    assert found.verification.verdict is Verdict.POLICY
    assert [str(each.event) for each in found.added] == ["kill"]
    assert "sendfile" not in load_policy(place).names()


def test_what_comes_by_chance_is_taken_from_the_runs_under_the_policy(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Observation(syscalls=CALLS[:-1], capabilities=RIGHTS)
    host(monkeypatch, WORLD, usual, usual)
    policy = written(place, "kill")
    found = healed(place)
    assert [str(each.event) for each in found.added] == ["kill"]
    assert load_policy(place).events() == policy.events()


def test_a_run_that_differs_without_the_policy_heals_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host(monkeypatch, broken=True)
    written(place, "kill")
    found = healed(place)
    assert (found.rounds, found.added) == (0, ())
    assert not load_policy(place).healed


def test_a_narrowed_file_is_kept_and_written_anew(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host(monkeypatch)
    policy = written(place)
    file = place / SeccompExporter.file
    document: dict[str, Any] = json.loads(file.read_bytes())
    document["syscalls"][0]["names"].remove("sendfile")
    file.write_text(json.dumps(document))
    edited = file.read_bytes()
    assert healed(place).verification.verdict is Verdict.VERIFIED
    assert (place / "seccomp.json.orig").read_bytes() == edited
    assert load_policy(place).events() == policy.events()


def test_a_wider_file_is_not_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch)
    written(place)
    (place / SeccompExporter.file).write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    assert healed(place).rounds == 0
    logged = log(asked(place), Diary())
    assert (logged.runs, logged.verdict) == ((), Verdict.POLICY)


def test_a_log_lists_what_would_be_denied_and_changes_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host(monkeypatch)
    written(place, "sendfile", intent=Intent(deny=(Syscall("kill"),)))
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    logged = log(asked(place, 2), Diary())
    assert {str(m.event): m.intended for m in logged.missing} == {"kill": True, "sendfile": False}
    assert (logged.verdict, logged.starts) == (Verdict.POLICY, 2)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_what_only_runs_that_differ_show_is_not_the_policys_fault(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host(monkeypatch, broken=True)
    written(place, "kill")
    assert log(asked(place), Diary()).verdict is Verdict.ENVIRONMENT
