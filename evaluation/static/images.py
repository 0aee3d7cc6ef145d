"""An image: what it can call, by its files, taken from a container that is made and never run."""

from __future__ import annotations

import json
import subprocess
import time
from typing import IO, cast

import msgspec

from beacon.reach.analysis import Reachable, Scope, of_files
from beacon.reach.cache import Cache
from beacon.reach.files import Files, read
from beacon.reach.settings import Settings

_LABEL = "beacon.static=1"


def analyse(image: str, scope: Scope, cache: Cache | None = None) -> Reachable:
    """Of an image that the engine has; kept by the image's id."""
    cache = cache or Cache()
    identity, settings = identify(image)

    def make() -> Reachable:
        began = time.monotonic()
        found = of_files(files(identity), settings, scope, cache)
        return msgspec.structs.replace(found, seconds=round(time.monotonic() - began, 1))

    found = cache.get(f"{scope}-{identity}", Reachable, make)
    return msgspec.structs.replace(found, image=image)


def identify(image: str) -> tuple[str, Settings]:
    """The image's id and settings."""
    described = json.loads(_docker("image", "inspect", image))[0]
    return described["Id"], msgspec.convert(described["Config"] or {}, Settings)


def files(identity: str) -> Files:
    """Of an image by its id."""
    # A command, as images without one cannot be made into a container; it never runs.
    container = _docker("create", "--label", _LABEL, identity, "none").strip()
    try:
        words = ["docker", "export", container]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as exporting:
            found = read(cast(IO[bytes], exporting.stdout))
        if exporting.returncode:
            raise subprocess.CalledProcessError(exporting.returncode, words)
        return found
    finally:
        _docker("rm", "--volumes", container)  # those that its making made


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
