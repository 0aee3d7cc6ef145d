"""One image of a fleet: what its campaign is asked to do."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from beacon import __version__
from beacon.campaign.settings import Settings
from beacon.campaign.starts import STARTS
from beacon.engines.choose import EngineChoice
from beacon.engines.interface import Pull
from beacon.model.launch import Launch

#: Seconds after which a campaign that does not end is given up.
TIMEOUT = 7200.0

_Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
_Seconds = Annotated[float, Meta(gt=0, le=31_536_000)]


class FleetImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image, as the fleet's file has it; docs/reference/fleet.md says what each field means.

    The fields are those of `beacon profile`, `policy` and `verify`. Times are in seconds. `hosts`
    are workers of a cluster, each of which records the image; none: whichever is free.
    """

    image: str
    name: str = ""
    settings: str | None = None  # path of a settings file
    launch: Launch = Launch()
    pull: Pull = Pull.MISSING
    workload: str | None = None
    services: tuple[str, ...] | None = None
    as_configured: bool = False
    strategy: str = "adaptive"
    dimensions: tuple[str, ...] | None = None
    max_runs: _Positive | None = None
    time_budget: _Seconds | None = None
    target: Annotated[float, Meta(gt=0, le=1)] = 0.1
    seed: Annotated[int, Meta(ge=-(2**62), le=2**62)] = 1
    preset: str = "availability"
    quick: bool = False
    starts: Annotated[int, Meta(ge=0, le=100_000)] = STARTS
    timeout: _Seconds = TIMEOUT
    hosts: tuple[str, ...] = ()


class Unit(msgspec.Struct, frozen=True):
    """A campaign: an entry whose files have been read, so that another host can work on it.

    `engine` is what runs its containers; another one makes it another campaign.
    """

    entry: FleetImage
    settings: Settings = Settings()
    engine: EngineChoice = EngineChoice()

    @property
    def name(self) -> str:
        """Its name in the fleet, which is the name of its directory, too."""
        return self.entry.name

    @property
    def key(self) -> str:
        """What is the same as long as the campaign would be."""
        content = msgspec.json.encode((__version__, self))
        return hashlib.sha256(content).hexdigest()
