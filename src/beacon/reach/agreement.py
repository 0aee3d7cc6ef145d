"""Whether the analysis agrees with what was seen."""

from __future__ import annotations

from collections.abc import Iterable

from beacon.model.event import Abi, Phase
from beacon.model.observation import Observation
from beacon.model.reach import Reach, Scope

#: Those of the image's own programs; the runtime's come from outside.
_OWN = frozenset({Phase.START, Phase.SERVE, Phase.SHUTDOWN, Phase.EXEC})
#: The kernel has a process make it after a signal.
_OF_KERNEL = frozenset({"restart_syscall"})


def missed(reach: Reach, observations: Iterable[Observation], scope: Scope) -> frozenset[str]:
    """The calls that the image's own programs made and that no program of a scope can make.

    Places that the analysis names as unresolved may have made them.
    """
    seen = {
        each.call.name
        for observation in observations
        for each in observation.syscalls
        if each.count and each.phase in _OWN and each.call.abi is Abi.X86_64
    }
    return frozenset(seen - reach.within(scope).keys() - _OF_KERNEL)
