"""The policy without what one environment alone used."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.campaign.left_out import without
from beacon.campaign.request import VerifyRequest
from beacon.campaign.verifying import verify
from beacon.errors import UsageError
from beacon.model.environment import Environment
from beacon.model.event import Capability, Syscall
from beacon.model.recall import Lacking
from beacon.synthesis.synthesize import synthesize
from fakes import Diary
from unit.cli.stored import stored_profile

INIT = Environment.of([("init", "yes")])


def test_the_environments_left_out_are_not_those_of_a_quick_verification(tmp_path: Path) -> None:
    request = VerifyRequest(policy=tmp_path, quick=True, leave_one_out=True)
    with pytest.raises(UsageError, match="leave --quick out"):
        verify(request, Diary())


def test_it_lacks_the_calls_and_has_the_runs_of_the_environment_alone() -> None:
    policy = synthesize(stored_profile())
    found = without(policy, Lacking(INIT, (Syscall("keyctl"),)))
    assert policy.events() - found.events() == {Syscall("keyctl")}
    assert [each.environment for each in found.replays] == [INIT]
    assert found.abis == policy.abis


def test_a_class_goes_with_the_call_that_lets_it_through_and_a_right_by_its_name() -> None:
    policy = synthesize(stored_profile())
    whole = Syscall("openat")
    assert whole in policy.events()
    lacking = Lacking(INIT, (Syscall("openat", argument="O_CREAT"), Capability("CAP_CHOWN")))
    found = without(policy, lacking)
    assert policy.events() - found.events() == {whole, Capability("CAP_CHOWN")}


def test_a_call_with_a_fallback_gets_enosys_once_it_is_lacking() -> None:
    recorded = stored_profile()
    entry = msgspec.structs.replace(
        recorded.runs[-1].observation.syscalls[0], call=Syscall("clone3")
    )
    clone = msgspec.structs.replace(entry, call=Syscall("clone"))
    first, *rest = recorded.runs
    seen = msgspec.structs.replace(
        first.observation, syscalls=(*first.observation.syscalls, entry, clone)
    )
    runs = (msgspec.structs.replace(first, observation=seen), *rest)
    policy = synthesize(msgspec.structs.replace(recorded, runs=runs))
    assert "clone3" not in policy.not_implemented
    assert "clone3" in without(policy, Lacking(INIT, (Syscall("clone3"),))).not_implemented
