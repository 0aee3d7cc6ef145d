"""Which capabilities a system call may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache

import msgspec

from beacon.data.indirect_syscalls import EVERY, made_by
from beacon.data.surface import native_name
from beacon.data.table import read_table
from beacon.model.event import Syscall


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls, or patterns of their classes, that may ask for a capability.

    `source` names the kernel's functions that ask.
    """

    source: str
    calls: tuple[str, ...]

    def by(self, call: Syscall) -> bool:
        """Whether the call, or a class of it when its arguments are not known, may ask."""
        name = native_name(call.name)
        if call.argument is None:
            return any(each.partition("(")[0] == name for each in self.calls)
        spelt = str(Syscall(name, argument=call.argument))
        return any(each == name or fnmatchcase(spelt, each) for each in self.calls)


@cache
def asked() -> Mapping[str, Asked]:
    """By the capability's kernel name; the table is read once.

    Those that Docker grants without an option are complete, but for what the table says that it
    leaves out.
    """
    return read_table("asked.toml", dict[str, Asked])


@cache
def capabilities_asked(call: Syscall) -> frozenset[str]:
    """The capabilities that a call, or one that it makes in its place, may ask for on any ABI.

    >>> sorted(capabilities_asked(Syscall("chroot")))
    ['CAP_DAC_OVERRIDE', 'CAP_SYS_CHROOT']
    """
    calls = [call, *_made(call)]
    return frozenset(name for name, each in asked().items() if any(map(each.by, calls)))


def _made(call: Syscall) -> Iterator[Syscall]:
    for effect in (each for found in made_by(call) for each in found.effects):
        argument = None if effect.argument == EVERY else effect.argument
        yield Syscall(effect.call, argument=argument)
