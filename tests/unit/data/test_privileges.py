from __future__ import annotations

import pytest

from beacon.data.arguments import canonical
from beacon.data.kernel import is_capability, is_syscall
from beacon.data.privileges import privileges
from beacon.model.event import Syscall, parse_event


def test_every_entry_is_an_event_as_profiles_spell_it() -> None:
    assert all(map(is_capability, privileges().capabilities))
    for text in privileges().gives_up | privileges().asks:
        event = parse_event(text)
        assert isinstance(event, Syscall)
        assert is_syscall(event.name)
        assert event.argument is None or canonical(event.name, event.argument) == event.argument


@pytest.mark.parametrize(
    ("event", "gives_up", "asks"),
    [
        ("geteuid", False, True),
        ("i386:geteuid32", False, True),
        ("setgroups", True, False),
        ("prctl", True, True),
        ("prctl(PR_CAP_AMBIENT)", True, False),
        ("prctl(PR_SET_KEEPCAPS)", False, True),
        ("prctl(PR_CAPBSET_READ)", False, True),
        ("prctl(PR_GET_SECCOMP)", False, True),
        ("prctl(PR_SET_NAME)", False, False),
        ("CAP_SETUID", True, False),
        ("CAP_CHOWN", False, False),
        ("chroot", False, False),
        ("read", False, False),
    ],
)
def test_what_gives_up_privileges(event: str, gives_up: bool, asks: bool) -> None:
    found = parse_event(event)
    assert (privileges().give_up(found), privileges().ask(found)) == (gives_up, asks)
