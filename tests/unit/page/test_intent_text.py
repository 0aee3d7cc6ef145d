from __future__ import annotations

import pytest

from beacon.model.event import Capability, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.reach import Scope
from beacon.page.intent_text import intent_lines
from beacon.synthesis.intents import parse_intent

FULL = Intent(
    security=1 / 3,
    functionality=0.15,
    allow=(Capability("CAP_CHOWN"), Syscall("socket", argument="AF_UNIX,SOCK_STREAM,0x0")),
    deny=(Syscall("ptrace"),),
    matter=("init=yes",),
    ignore=("*", 'a"\\\x7f\u202e'),
    floor=False,
    runtimes=("crun",),
    reserve=Reserve.REACHABLE,
    reach=Scope.IMAGE,
    minimal=True,
)


@pytest.mark.parametrize("intent", [*PRESETS.values(), FULL])
def test_the_file_says_the_same(intent: Intent) -> None:
    assert parse_intent("\n".join(intent_lines(intent)), "intent.toml") == intent
