"""What an image was seen to call and the analysis does not find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from beacon.model.event import Abi
from beacon.model.files import load_profile
from beacon.model.observation import SyscallCount
from beacon.reach.analysis import Reachable


class Missed(msgspec.Struct, frozen=True, order=True):
    """A call, and who made it when: `runtime` and `exec` are not the image's own start."""

    call: str
    phase: str
    process: str


def missed(found: Reachable, directory: Path) -> list[Missed]:
    """Of the ready runs of the profile in `directory`."""
    known = set(found.syscalls)
    seen = (each for each in _seen(directory) if each.call.abi is Abi.X86_64)
    return sorted(
        {
            Missed(each.call.name, each.phase, process)
            for each in seen
            for process in each.processes or ("?",)
            if each.count and each.call.name not in known
        }
    )


def _seen(directory: Path) -> Iterator[SyscallCount]:
    for run in load_profile(directory).ready_runs():
        yield from run.observation.syscalls
