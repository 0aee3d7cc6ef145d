"""Tells the kernel program which arguments make the class of a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from beacon.data.arguments import multiplexers
from beacon.data.kernel import WITHOUT_CLASSES, tables
from beacon.model.event import Abi
from beacon.monitor.btf import ObjectTypes
from beacon.monitor.libbpf import Object


def write_rules(program: Object, types: ObjectTypes) -> None:
    """Fill the map `rules` from the table; before the program is attached.

    The numbers are those of the object's 64-bit ABIs, which share most.
    """
    layout = types.layout("rule")
    limit = types.enum("limit")["LIMIT_ARGUMENTS"]
    with closing(program.map("rules").memory()) as memory:
        for name, multiplexer in multiplexers().items():
            masks = [argument.judged for argument in multiplexer.arguments]
            places = [argument.index for argument in multiplexer.arguments]
            padding = [0] * (limit - len(masks))
            rule = layout.encode(
                masks=(*masks, *padding),
                places=bytes([*places, *padding]),
                count=len(masks),
            )
            for abi in _abis(types):
                number = tables().syscalls[abi].get(name)
                if number is not None:
                    memory[number * layout.size : (number + 1) * layout.size] = rule


def _abis(types: ObjectTypes) -> Iterator[Abi]:
    """The ABIs of the object's architecture whose calls have argument classes."""
    known = {enumerator.partition("_")[2].lower() for enumerator in types.enum("abi")}
    return (abi for abi in Abi if abi in known and abi not in WITHOUT_CLASSES)
