"""Which image was recorded, and where."""

from __future__ import annotations

import msgspec

from beacon.model.numbers import Integer


class ImageIdentity(msgspec.Struct, frozen=True):
    """Which image: as the user named it, and its content's id."""

    reference: str
    id: str
    architecture: str


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was recorded; calls under the filter depend on the runtime's version."""

    kernel: str
    monitor: str  # the ladder's rung
    cgroup_version: Integer
    engine: str
    runtime: str


class Origin(msgspec.Struct, frozen=True):
    """An image on a host; `beacon` is the version that recorded it there."""

    image: ImageIdentity
    host: Host
    beacon: str

    def sentence(self) -> str:
        """`web:2 (sha256:9f86d081884c) under runc 1.1.5 on Linux 6.1.0, by BeaCon 0.3`."""
        image, host = self.image, self.host
        digest = image.id[:_SHORT_ID]
        place = f"under {host.runtime} on Linux {host.kernel}"
        return f"{image.reference} ({digest}) {place}, by BeaCon {self.beacon}"


_SHORT_ID = len("sha256:") + 12
