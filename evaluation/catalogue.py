"""The images of catalogue and examples, and their profiles: what every evaluation starts from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from beacon.campaign.context import RunContext
from beacon.campaign.open_context import open_context
from beacon.campaign.settings import read_settings
from beacon.engines.choose import EngineChoice
from beacon.model.files import load_profile
from beacon.model.profile import Exploration, Profile

_ROOT = Path(__file__).resolve().parent.parent
_EVALUATED = (
    *("eclipse-mosquitto", "haproxy", "httpd", "mariadb", "memcached", "nginx", "node", "php"),
    *("postgres", "python", "rabbitmq", "redis", "registry", "tomcat", "zookeeper"),
)
#: The program that lies beside this interpreter.
BEACON = str(Path(sys.executable).parent / "beacon")


@contextmanager
def opened() -> Iterator[RunContext]:
    """The engine and monitor of this host; what is said of their choice goes to stderr."""
    with open_context(EngineChoice(), partial(print, file=sys.stderr)) as context:
        yield context


def names() -> list[str]:
    """The images of the evaluation, in their order: the paper's fifteen."""
    return [*_EVALUATED]


def everything() -> list[str]:
    """All images that have settings, in their order."""
    return sorted(_files())


def chosen(words: list[str]) -> list[str]:
    """The named images, or all of them; exits when one is unknown."""
    unknown = sorted(set(words) - set(names()))
    if unknown:
        sys.exit(f"There is no image {unknown[0]!r}. Choose from {', '.join(names())}.")
    return words or names()


def settings(name: str) -> Path:
    """Its settings file."""
    return _files()[name]


@cache
def _files() -> dict[str, Path]:
    """The settings files by the name that follows `beacon/` in the image they are for."""
    places = ("catalogue/src/beacon_catalogue/*/settings.toml", "examples/*/settings.toml")
    files = [file for place in places for file in _ROOT.glob(place)]
    return {str(read_settings(file).image).removeprefix("beacon/"): file for file in files}


def profile_command(name: str, directory: Path, *options: str) -> list[str]:
    """`beacon profile` for an image of the catalogue."""
    given = ["--settings", str(settings(name)), "-o", str(directory), *options]
    return [BEACON, "profile", *given, f"beacon/{name}"]


def profile(name: str, directory: Path, *options: str) -> Profile:
    """Its profile from `directory`; recorded there (or gone on with) when there is none yet."""
    if not (directory / "profile.json").exists():
        done = subprocess.run(
            profile_command(name, directory, "--resume", *options), stdout=subprocess.DEVNULL
        )
        recorded = (directory / "profile.json").exists()
        if done.returncode not in (0, 1) or not recorded:
            sys.exit(f"beacon profile of {name} ended with {done.returncode}.")
    return load_profile(directory)


def exploration(recorded: Profile) -> Exploration:
    """What its campaign has reached; exits when it is of a version that did not explore."""
    if recorded.exploration is None:
        sys.exit(f"The profile of {recorded.image.reference} is of an older version: remove it.")
    return recorded.exploration
