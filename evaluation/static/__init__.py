"""System calls that an image's programs can make, found without running them.

A baseline for BeaCon in the manner of Confine (Ghavamnia et al., RAID 2020) and sysfilter
(DeMarinis et al., RAID 2020): functions that files import are mapped to system calls by the call
graph of the image's own glibc, numbers are followed backwards from `syscall` instructions.
"""

from __future__ import annotations

from static.analysis import Reachable, Scope, analyse

__all__ = ["Reachable", "Scope", "analyse", "reachable"]


def reachable(image: str, scope: str = Scope.ENTRY) -> frozenset[str]:
    """The names of the system calls that an image's programs can make."""
    return frozenset(analyse(image, Scope(scope)).syscalls)
