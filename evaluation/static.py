"""Static analysis alone, as a baseline: what policies would be without a run."""

from __future__ import annotations

from contextlib import closing

from beacon.campaign.reaching import reach_of
from beacon.engines.docker import DockerEngine
from beacon.model.launch import Launch
from beacon.model.reach import Reach, Scope
from beacon.reach.cache import Cache, default_directory

#: A static analysis knows of no run.
SCOPES = (Scope.BESIDE, Scope.IMAGE)


def analysed(reference: str) -> Reach:
    """What the programs of an image that the engine has can call."""
    with closing(DockerEngine()) as engine:
        image = engine.image(reference)
        return reach_of(engine, image, Launch(), (), Cache(default_directory()))
