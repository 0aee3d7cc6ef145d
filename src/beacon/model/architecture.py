"""Processor architectures, by the names that images and engines give them (Go's GOARCH)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from beacon.model.event import Abi


class Architecture(StrEnum):
    """An architecture whose system calls BeaCon has tables of."""

    AMD64 = "amd64"
    ARM64 = "arm64"

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABIs by which its programs enter the kernel, its own first."""
        return _ABIS[self]

    @property
    def native(self) -> Abi:
        """The ABI of programs that are compiled for it."""
        return self.abis[0]


_ABIS = {
    Architecture.AMD64: (Abi.X86_64, Abi.I386, Abi.X32),
    Architecture.ARM64: (Abi.AARCH64, Abi.ARM),
}
#: By what the kernel calls the machine (`uname -m`).
MACHINES = {"x86_64": Architecture.AMD64, "aarch64": Architecture.ARM64}


def architecture_of(abi: Abi) -> Architecture:
    """The architecture that has the ABI."""
    return next(each for each in Architecture if abi in each.abis)


def with_native(abis: Iterable[Abi]) -> frozenset[Abi]:
    """The ABIs, and their architectures' own, on which a filter holds whatever it lists.

    amd64's where there are none.
    """
    found = frozenset(abis)
    of = {architecture_of(abi) for abi in found} or {Architecture.AMD64}
    return found | {each.native for each in of}


def recorded_on(image_architecture: str) -> Architecture:
    """That of an image; amd64 for one that does not say, as older documents do not.

    ValueError for one without tables.
    """
    return Architecture(image_architecture or Architecture.AMD64)
