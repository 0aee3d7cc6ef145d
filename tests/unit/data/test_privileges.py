from __future__ import annotations

import pytest

from beacon.data.arguments import canonical
from beacon.data.kernel import is_capability, is_syscall
from beacon.data.privileges import guards_privileges, privilege_events
from beacon.model.event import Syscall, parse_event


def test_every_entry_is_an_event_as_profiles_spell_it() -> None:
    for event in privilege_events():
        if not isinstance(event, Syscall):
            assert is_capability(event.name)
            continue
        assert is_syscall(event.name)
        assert event.argument is None or canonical(event.name, event.argument) == event.argument


@pytest.mark.parametrize(
    ("event", "guards"),
    [
        ("geteuid", True),
        ("i386:geteuid32", True),
        ("prctl", True),
        ("prctl(PR_CAP_AMBIENT)", True),
        ("prctl(PR_SET_NAME)", False),
        ("CAP_SETUID", True),
        ("CAP_CHOWN", False),
        ("chroot", False),
        ("read", False),
    ],
)
def test_what_gives_up_privileges(event: str, guards: bool) -> None:
    assert guards_privileges(parse_event(event)) is guards
