from __future__ import annotations

from beacon.model.event import Abi, Phase
from beacon.model.observation import Observation
from beacon.model.reach import Reach, Reachable, Scope
from beacon.reach.agreement import missed
from builders import call

REACH = Reach((Reachable("read", Scope.RUN), Reachable("mount", Scope.IMAGE)))


def test_what_was_seen_and_cannot_be_made() -> None:
    seen = Observation(
        syscalls=(
            call("read"),
            call("mount"),
            call("ptrace", Phase.EXEC),
            call("capset", Phase.RUNTIME),  # the container runtime's own
            call("kill", abi=Abi.I386),
            call("reboot", count=0, denied=1),
            call("restart_syscall"),
        )
    )
    assert missed(REACH, [seen], Scope.RUN) == {"mount", "ptrace"}
    assert missed(REACH, [seen], Scope.IMAGE) == {"ptrace"}
