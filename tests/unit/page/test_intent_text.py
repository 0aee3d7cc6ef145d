from __future__ import annotations

import pytest

from beacon.model.architecture import Architecture
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
    ignore=("*", 'a"\\\x7f\x1b\u202e\U0001f4a9'),
    floor=False,
    runtimes=("crun",),
    reserve=Reserve.REACHABLE,
    reach=Scope.IMAGE,
    minimal=True,
    architectures=(Architecture.ARM64,),
)


@pytest.mark.parametrize("intent", [*PRESETS.values(), FULL])
def test_the_file_says_the_same(intent: Intent) -> None:
    assert parse_intent("\n".join(intent_lines(intent)), "intent.toml") == intent


def test_no_field_is_forgotten() -> None:
    """One that is added to the intent has to be in FULL, and so in the file."""
    names = Intent.__struct_fields__
    assert not [each for each in names if getattr(FULL, each) == getattr(Intent(), each)]
