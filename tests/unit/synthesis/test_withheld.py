"""No policy grants a capability that the launch did not have."""

from __future__ import annotations

import pytest

from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.data.host_access import host_access
from beacon.data.kernel import tables
from beacon.model.event import Capability
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run


@pytest.mark.parametrize(
    ("launch", "name", "kept"),
    [
        (Launch(), "CAP_CHOWN", True),
        (Launch(), "CAP_SYS_ADMIN", False),
        (Launch(cap_add=("SYS_ADMIN",)), "CAP_SYS_ADMIN", True),
        (Launch(cap_add=("cap_sys_admin",)), "CAP_SYS_ADMIN", True),
        (Launch(cap_add=("ALL",)), "CAP_SYS_ADMIN", True),
        (Launch(cap_add=("ALL",), cap_drop=("SYS_ADMIN",)), "CAP_SYS_ADMIN", False),
        (Launch(cap_drop=("ALL",)), "CAP_CHOWN", False),
        (Launch(cap_drop=("CHOWN",)), "CAP_CHOWN", False),
        (Launch(cap_drop=("ALL",), cap_add=("CHOWN",)), "CAP_CHOWN", True),
    ],
)
def test_a_policy_grants_what_the_launch_had(launch: Launch, name: str, kept: bool) -> None:
    policy = synthesize(profile(run(call("read"), capabilities=(check(name),)), launch=launch))
    assert (Capability(name) in policy.events()) == kept
    assert (Capability(name) in policy.dropped()) == (not kept)


def test_a_pin_is_the_users_own_word() -> None:
    recorded = profile(run(call("read"), capabilities=(check("CAP_SYS_ADMIN"),)))
    policy = synthesize(recorded, Intent(allow=(Capability("CAP_SYS_ADMIN"),)))
    assert Capability("CAP_SYS_ADMIN") in policy.events()


def test_consent_and_grants_speak_of_the_same_default() -> None:
    access = host_access().options["cap_add"]
    harmless = {name for name in tables().capabilities if not access.asks(name)}
    assert harmless == {f"CAP_{name}" for name in DOCKER_DEFAULT}
